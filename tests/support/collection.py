"""Keeps Python's garbage collector away from what pytest collects, which stays to the end.

Collecting the tests takes 4 instead of 7 CPU-seconds in each process, and the tests then run some percent faster.
"""

import gc
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
