"""What the simulations share."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.crash import crash_sweep
from tests.support.snapshot import Kept, put_back

type Sweep = Callable[..., int]


@pytest.fixture
def sweep(client: Any, _fresh_tables: Kept) -> Sweep:
    def sweep(*how: Any) -> int:
        put_back(_fresh_tables)
        return crash_sweep(client, *how)

    return sweep
