"""What a function's process takes from its environment."""

import pytest

from tallybook import runtime
from tests.support.cloud import NAMES


def test_new_periods_have_the_shards_of_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CORE_TABLE": NAMES["core"], "USAGE_TABLE": NAMES["usage"], "USAGE_SHARDS": "4"}.items():
        monkeypatch.setenv(name, value)
    assert runtime.context.__wrapped__().usage_shards == 4
