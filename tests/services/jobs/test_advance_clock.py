"""Moved time calls each job when its work is due, and never for nothing."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tallybook.domain.errors import Invalid
from tallybook.domain.jobs import INVOICES, JOBS, OUTBOX, Job, partition
from tallybook.domain.times import stamp
from tallybook.services.jobs.advance_clock import MAX_ADVANCE, Call, advance_clock
from tallybook.services.jobs.due_tasks import Task, due_tasks
from tallybook.services.jobs.invoicing import run_task
from tallybook.services.outbox.deliver import sweep
from tallybook.store.commands import Delete, Put
from tallybook.store.keys import Key
from tests.services.outside import outside
from tests.support.app import App
from tests.support.invariants import check_invariants

START = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
ONE_LOOK = sum(len(job.partitions()) for job in JOBS)


def move(app: App) -> Any:
    def to(instant: datetime) -> None:
        assert instant > app.clock.moment
        app.clock.moment = instant

    return to


def done_at_once(job: str, left: Callable[[], int]) -> None:
    """No queue lies between a call and what it does."""


def travel(app: App, by: timedelta, call: Any, *, settle: Any = done_at_once, **how: Any) -> list[Call]:
    return list(advance_clock(app.ctx, START + by, move=move(app), call=call, settle=settle, **how))


def sweeping(app: App, letters: list[tuple[str, str]], failure: Exception | None = None) -> Any:
    """The outbox's job, in this process."""

    def call(name: str) -> Counter[Any]:
        assert name == "outbox"
        return sweep(app.ctx, outside(letters, failure), deadline=app.ctx.elapsed() + 60)

    return call


def invoicing(app: App, queue: list[Task]) -> Any:
    """The job that puts what is due on a queue."""

    def call(name: str) -> dict[str, int]:
        assert name == "invoicing"
        queue.extend(due_tasks(app.ctx, INVOICES))
        return {"close": len(queue)}

    return call


def idle(name: str) -> dict[str, int]:
    """A job that does nothing."""
    return {}


def put_work(app: App, work: str, due: datetime, id: str = "one-0") -> None:
    app.ctx.tables.write(Put(Key("core", f"WORK#{id}", work), {"work": partition(work, id), "due": stamp(due)}))


def put_work_off(app: App, work: str, id: str = "one-0") -> None:
    app.ctx.tables.write(Delete(Key("core", f"WORK#{id}", work)))


def test_an_idle_year_is_one_look_at_the_index(app: App) -> None:
    app.meter.clear()
    assert travel(app, YEAR, idle) == []
    assert list(app.meter.operations) == ["query"] * ONE_LOOK
    assert app.clock.now() == START + YEAR


def test_what_is_due_is_done_at_the_first_call_of_its_schedule(app: App) -> None:
    app.member()
    letters: list[tuple[str, str]] = []
    app.meter.clear()
    [call] = travel(app, timedelta(days=31), sweeping(app, letters), jobs=(OUTBOX,))
    assert call == Call("outbox", datetime(2026, 4, 20, 12, 35, tzinfo=UTC), {"delivered": 3})
    assert letters == [("owner1@example.com", "welcome")]
    assert app.clock.now() == START + timedelta(days=31)
    check_invariants(app)


def test_a_look_at_the_index_before_each_call_and_after_the_last(app: App) -> None:
    put_work(app, "outbox", START + timedelta(hours=3))
    app.meter.clear()

    def call(name: str) -> dict[str, int]:
        put_work_off(app, "outbox")
        return {}

    assert [call.at for call in travel(app, YEAR, call)] == [START + timedelta(hours=3, seconds=4)]
    looks = [operation for operation in app.meter.operations if operation != "delete"]
    assert looks == ["query"] * 2 * ONE_LOOK


def test_what_fails_is_tried_at_each_of_its_times_until_it_is_given_up(app: App) -> None:
    app.member()
    calls = travel(app, YEAR, sweeping(app, [], RuntimeError("out of reach")), jobs=(OUTBOX,))
    pauses = [later.at - earlier.at for earlier, later in pairwise(calls)]
    assert pauses == [timedelta(minutes=minutes) for minutes in (5, 5, 30, 120, 480, 1440)]
    assert [dict(call.answer) for call in calls] == [{"postponed": 3}] * 6 + [{"parked": 3}]
    assert app.clock.now() == START + YEAR
    check_invariants(app)


def test_what_stays_due_for_ever_is_called_for_ever_more_rarely(app: App) -> None:
    put_work(app, "outbox", START)
    calls = travel(app, YEAR, idle)
    pauses = [later.at - earlier.at for earlier, later in pairwise(calls)]
    every = timedelta(minutes=5)
    assert pauses == [every * 2**power for power in range(len(pauses))]
    assert 10 < len(calls) < 20
    assert app.clock.now() == START + YEAR


def test_what_stays_due_does_not_hold_up_what_comes_due(app: App) -> None:
    put_work(app, "outbox", START)
    later = START + timedelta(days=100)
    put_work(app, "outbox", later, id="other-7")
    assert OUTBOX.call_for(later) in [call.at for call in travel(app, YEAR, idle)]


def test_several_jobs_are_called_in_the_order_of_time(app: App) -> None:
    hourly = Job("hourly", every=timedelta(hours=1), work=("late", "later"))
    often = Job("often", every=timedelta(minutes=1), work=("early",))
    put_work(app, "later", START + timedelta(minutes=50))
    put_work(app, "early", START + timedelta(minutes=10))
    seen: list[tuple[str, datetime]] = []

    def call(name: str) -> dict[str, int]:
        seen.append((name, app.clock.now()))
        return {}

    travel(app, timedelta(hours=2), call, jobs=(hourly, often))
    assert seen[0] == ("often", datetime(2026, 4, 20, 12, 45, tzinfo=UTC))
    assert ("hourly", datetime(2026, 4, 20, 14, 0, tzinfo=UTC)) in seen
    assert [at for _, at in seen] == sorted(at for _, at in seen)


def test_what_was_due_before_is_called_for_at_the_next_call(app: App) -> None:
    put_work(app, "outbox", START - timedelta(days=3))
    assert travel(app, timedelta(minutes=1), idle)[0].at == datetime(2026, 4, 20, 12, 35, tzinfo=UTC)


def test_a_call_that_would_come_after_the_target_does_not(app: App) -> None:
    put_work(app, "outbox", START)
    assert travel(app, timedelta(seconds=3), idle) == []
    assert app.clock.now() == START + timedelta(seconds=3)


def test_a_job_that_takes_its_time_does_not_turn_the_clock_back(app: App) -> None:
    put_work(app, "outbox", START)

    def call(name: str) -> dict[str, int]:
        app.clock.advance(minutes=20)
        return {}

    calls = travel(app, timedelta(minutes=30), call)
    assert [call.at for call in calls] == sorted({call.at for call in calls})


def test_a_job_that_fails_leaves_the_clock_where_it_was_called(app: App) -> None:
    put_work(app, "outbox", START)

    def call(name: str) -> dict[str, int]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        travel(app, YEAR, call)
    assert app.clock.now() == datetime(2026, 4, 20, 12, 35, tzinfo=UTC)


@pytest.mark.parametrize("by", [timedelta(milliseconds=-1), MAX_ADVANCE + timedelta(seconds=1)])
def test_the_clock_moves_neither_back_nor_out_of_sight(app: App, by: timedelta) -> None:
    with pytest.raises(Invalid):
        travel(app, by, idle)
    assert app.clock.now() == START


def test_what_a_call_put_on_a_queue_is_done_before_time_goes_on(app: App) -> None:
    member = app.member()
    queue: list[Task] = []
    issued = []

    def settle(job: str, left: Callable[[], int]) -> None:
        assert (job, left()) == ("invoicing", 1)
        app.clock.advance(seconds=2)
        issued.extend(run_task(app.ctx, queue.pop()))
        assert left() == 0

    calls = travel(app, YEAR, invoicing(app, queue), settle=settle, jobs=(INVOICES,))
    assert [(call.at.day, call.at.hour, call.at.minute) for call in calls] == [(20, 1, 0)] * 12
    assert [invoice.number for invoice in issued] == list(range(1, 13))
    assert [call.at - invoice.period.end for call, invoice in zip(calls, issued, strict=True)] == [HOUR] * 12
    assert {invoice.account_id for invoice in issued} == {member.account.id}
    check_invariants(app)


def test_what_came_due_after_the_call_is_not_waited_for(app: App) -> None:
    put_work(app, "closing", START)
    counts = []

    def settle(job: str, left: Callable[[], int]) -> None:
        put_work(app, "closing", app.clock.now(), id="two-1")
        counts.append(left())
        put_work_off(app, "closing")
        counts.append(left())

    travel(app, HOUR, idle, settle=settle, jobs=(INVOICES,))
    assert counts == [1, 0]


def test_what_was_done_and_is_due_again_later_is_not_waited_for(app: App) -> None:
    put_work(app, "closing", START)
    counts = []

    def settle(job: str, left: Callable[[], int]) -> None:
        put_work_off(app, "closing")
        put_work(app, "closing", START + timedelta(minutes=1))
        counts.append(left())

    travel(app, timedelta(minutes=30), idle, settle=settle, jobs=(INVOICES,))
    assert counts == [0]


def test_queued_work_that_gets_no_further_leaves_the_clock_where_it_was_called(app: App) -> None:
    app.member()

    def settle(job: str, left: Callable[[], int]) -> None:
        raise TimeoutError(job, left())

    with pytest.raises(TimeoutError):
        travel(app, YEAR, idle, settle=settle, jobs=(INVOICES,))
    assert app.clock.now() == datetime(2026, 5, 20, 1, tzinfo=UTC)
