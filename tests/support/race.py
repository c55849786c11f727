"""Concurrent calls: in threads that start together, or one call inserted between two calls of another."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tallybook.services.context import Context
from tests.support.app import App
from tests.support.cloud import make_context


def race(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned or raised, in the order of the arguments."""
    ready = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        ready.wait(timeout=30)
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(run, calls))


def deal_out[T](items: Sequence[T], callers: int) -> list[list[T]]:
    """The items dealt out to this many callers, one after the other."""
    return [list(items[start::callers]) for start in range(callers)]


def interleave(app: App, operation: str, act: Callable[[], object], *, call: int = 1) -> Context:
    """A context that calls `act` before the first (or the `call`-th) call of this operation."""
    calls: list[str] = []

    def interceptor(called: str, go: Callable[[], Any]) -> Any:
        if called == operation:
            calls.append(called)
            if len(calls) == call:
                act()
        return go()

    return make_context(app.client, interceptor=interceptor, clock=app.clock)
