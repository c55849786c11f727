"""The crash sweep: a call dies at each of its external calls, before and after it takes effect, and is tried again.

A client, a queue or a schedule makes the same call again after a failure; whatever happened to the first, the second
must leave the stored data as one call would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.clock import StillClock
from tests.support.cloud import make_context
from tests.support.faults import READS, Crash, Faults, When
from tests.support.house import House
from tests.support.invariants import check_invariants
from tests.support.outside import World
from tests.support.snapshot import Kept, keep, put_back


@dataclass(frozen=True, slots=True)
class _Trial:
    first: House
    tables: Kept
    prepared: Any
    act: Callable[[House, Any], Any]
    check: Callable[[House, Any, Any], None]


def crash_sweep(
    client: Any,
    prepare: Callable[[House], Any],
    act: Callable[[House, Any], Any],
    check: Callable[[House, Any, Any], None],
) -> int:
    """Crash `act` before and after each of its external calls, and say how many there are.

    `check(house, prepared, answer)` sees what the call after the crash answered. Moto's tables are what `prepare`
    made of them at the start of each. After a read is the same as before the call that follows, and not tried apart.
    """
    first = House(make_context(client), client)
    first.apply_catalog()
    prepared = prepare(first)
    trial = _Trial(first, keep(), prepared, act, check)
    calls = 0
    while operation := _crash(trial, calls + 1, "before"):
        calls += 1
        if operation not in READS:
            _crash(trial, calls, "after")
    return calls


def _crash(trial: _Trial, at: int, when: When) -> str | None:
    """The operation that the process died at, before it or after it; None where it got to its end."""
    put_back(trial.tables)
    faults = Faults().crash_at(at, when)
    house = _again(trial.first, faults)
    try:
        trial.act(house, trial.prepared)
    except Crash:
        operation = faults.operations[-1]
    else:
        return None
    finally:
        faults.clear()
    check_invariants(house)
    answer = trial.act(house, trial.prepared)
    check_invariants(house)
    trial.check(house, trial.prepared, answer)
    return operation


def _again(first: House, faults: Faults) -> House:
    """The house as it was prepared, in a process that has just started."""
    clock = StillClock(first.clock.now())
    house = House(make_context(first.client, port=faults, clock=clock), first.client)
    house.world = World(faults, list(first.world.mails), list(first.world.entries))
    return house
