"""Lets the files that use one local bundle run in one process, so that the bundle starts once a run."""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

ON_ONE_BUNDLE = ("tests/infra/test_takeover.py", "tests/infra/test_walk_through.py")
"""The files whose tests use the fixture `local_stack`. The last one moves the bundle's clock."""


class _Scheduling(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "the local bundle" if file in ON_ONE_BUNDLE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    return _Scheduling(config, log) if config.getoption("dist") == "loadfile" else None
