"""The start that is counted is one that works: settings that a function needs are in the benchmark's."""

import pytest

from tests.bench.cold_start import folders_of, settings_of
from tests.bench.instructions import start


@pytest.mark.parametrize("function", ["accounts", "outbox"])
def test_a_function_starts_with_the_settings_of_the_benchmark(function: str) -> None:
    start(f"{function}.app.handler", folders_of(function), settings_of(function))
