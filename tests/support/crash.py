"""The crash sweep: a call dies at each of its external calls, before and after it takes effect, and is tried again.

A client or a queue sends the same call again after a failure; whatever happened to the first, the second must leave
the stored data as one call would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.cloud import create_tables, make_context
from tests.support.faults import Crash, Faults
from tests.support.house import House
from tests.support.invariants import check_invariants


@dataclass(frozen=True, slots=True)
class Swept:
    """How many external calls the service made, and at how many points it was crashed."""

    calls: int
    crashes: int


def crash_sweep(
    fresh_client: Callable[[], Any],
    prepare: Callable[[House], Any],
    act: Callable[[House, Any], Any],
    check: Callable[[House, Any, Any], None],
) -> Swept:
    """Crash `act` everywhere; `check(house, prepared, answer)` sees what the call after the crash answered."""
    calls = crashes = 0
    while True:
        for when in ("before", "after"):
            faults = Faults()
            client = fresh_client()
            create_tables(client)
            house = House(make_context(client, port=faults), client)
            house.apply_catalog()
            prepared = prepare(house)
            house.forget_caches()
            faults.clear().crash_at(calls + 1, when)
            try:
                act(house, prepared)
            except Crash:
                crashes += 1
            else:
                return Swept(calls, crashes)
            finally:
                faults.clear()
            check_invariants(house)
            answer = act(house, prepared)
            check_invariants(house)
            check(house, prepared, answer)
        calls += 1
