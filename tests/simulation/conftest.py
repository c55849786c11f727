"""The crash sweep as a fixture, on fresh tables for each call."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.crash import crash_sweep
from tests.support.snapshot import Snapshot, restore_snapshot

type Sweep = Callable[..., int]


@pytest.fixture
def sweep(client: Any, _fresh_tables: Snapshot) -> Sweep:
    def sweep(*how: Any) -> int:
        restore_snapshot(_fresh_tables)
        return crash_sweep(client, *how)

    return sweep
