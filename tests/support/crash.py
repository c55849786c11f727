"""The crash sweep: a call dies at each of its external calls, before and after it takes effect, and is tried again.

A client, a queue or a schedule repeats a call that failed. After the second call the stored data must be as after one
successful call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.app import App
from tests.support.clock import StillClock
from tests.support.cloud import make_context
from tests.support.fake_aws import FakeAws
from tests.support.faults import READS, Crash, Faults, When
from tests.support.invariants import check_invariants
from tests.support.snapshot import Snapshot, restore_snapshot, take_snapshot


@dataclass(frozen=True, slots=True)
class _Trial:
    first: App
    tables: Snapshot
    prepared: Any
    act: Callable[[App, Any], Any]
    check: Callable[[App, Any, Any], None]


def crash_sweep(
    client: Any,
    prepare: Callable[[App], Any],
    act: Callable[[App, Any], Any],
    check: Callable[[App, Any, Any], None],
) -> int:
    """Crash `act` before and after each of its external calls; return how many calls it makes.

    `check(app, prepared, answer)` gets what the call after the crash returned. Each run starts with the tables as
    `prepare` left them. A crash after a read is the same as one before the next call, so it is not tried.
    """
    first = App(make_context(client), client)
    first.apply_catalog()
    prepared = prepare(first)
    trial = _Trial(first, take_snapshot(), prepared, act, check)
    calls = 0
    while operation := _crash(trial, calls + 1, "before"):
        calls += 1
        if operation not in READS:
            _crash(trial, calls, "after")
    return calls


def _crash(trial: _Trial, at: int, when: When) -> str | None:
    """The operation at which the process died; None if `act` makes fewer calls."""
    restore_snapshot(trial.tables)
    faults = Faults().crash_at(at, when)
    app = _restart(trial.first, faults)
    try:
        trial.act(app, trial.prepared)
    except Crash:
        operation = faults.operations[-1]
    else:
        return None
    finally:
        faults.clear()
    check_invariants(app)
    answer = trial.act(app, trial.prepared)
    check_invariants(app)
    trial.check(app, trial.prepared, answer)
    return operation


def _restart(first: App, faults: Faults) -> App:
    """The prepared app in a process that has just started."""
    clock = StillClock(first.clock.now())
    app = App(make_context(first.client, interceptor=faults, clock=clock), first.client)
    app.fake_aws = FakeAws(faults, list(first.fake_aws.mails), list(first.fake_aws.entries))
    return app
