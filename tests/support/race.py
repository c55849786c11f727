"""Many callers at once: all start at the same instant, in threads of their own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def race(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned, or the exception it raised, in the order given."""
    ready = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        ready.wait(timeout=30)
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(run, calls))


def in_turns[T](items: Sequence[T], callers: int) -> list[list[T]]:
    """The items dealt out to so many callers."""
    return [list(items[start::callers]) for start in range(callers)]
