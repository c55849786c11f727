"""Lets the files that use one local bundle run in one process, one after the other, so that it starts once a run."""

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

ON_ONE_BUNDLE = ("tests/infra/test_walk_through.py", "tests/infra/test_takeover.py")
"""The files whose tests use the fixture `local_stack`, in their order: the walk needs a new bundle."""


class _Scheduling(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "the local bundle" if file in ON_ONE_BUNDLE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    return _Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = [place for place, item in enumerate(items) if _file(item) in ON_ONE_BUNDLE]
    ordered = sorted((items[place] for place in places), key=lambda item: ON_ONE_BUNDLE.index(_file(item)))
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
