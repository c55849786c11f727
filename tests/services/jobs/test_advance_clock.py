"""Moving the clock calls each job when its work is due, and only then."""

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
from tallybook.services.outbox.sweep import sweep
from tallybook.store.commands import Delete, Put
from tallybook.store.keys import Key
from tests.support.app import App
from tests.support.invariants import check_invariants
from tests.support.list_channels import list_channels

START = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
INDEX_QUERIES = sum(len(job.partitions()) for job in JOBS)


def move(app: App) -> Any:
    def to(instant: datetime) -> None:
        assert instant > app.clock.moment
        app.clock.moment = instant

    return to


def settled(job: str, left: Callable[[], int]) -> None:
    """A job without a queue is done when its call returns."""


def travel(app: App, by: timedelta, call: Any, *, settle: Any = settled, **options: Any) -> list[Call]:
    return list(advance_clock(app.ctx, START + by, move=move(app), call=call, settle=settle, **options))


def sweep_job(app: App, mails: list[tuple[str, str]], failure: Exception | None = None) -> Any:
    """The outbox's job, run in this process."""

    def call(name: str) -> Counter[Any]:
        assert name == "outbox"
        return sweep(app.ctx, list_channels(mails, failure), deadline=app.ctx.elapsed() + 60)

    return call


def invoicing_job(app: App, queue: list[Task]) -> Any:
    """The invoicing job, which puts due tasks on a queue."""

    def call(name: str) -> dict[str, int]:
        assert name == "invoicing"
        queue.extend(due_tasks(app.ctx, INVOICES))
        return {"close": len(queue)}

    return call


def idle_job(name: str) -> dict[str, int]:
    """A job that does nothing."""
    return {}


def put_work(app: App, work: str, due: datetime, id: str = "one-0") -> None:
    app.ctx.tables.write(Put(Key("core", f"WORK#{id}", work), {"work": partition(work, id), "due": stamp(due)}))


def remove_work(app: App, work: str, id: str = "one-0") -> None:
    app.ctx.tables.write(Delete(Key("core", f"WORK#{id}", work)))


def test_an_idle_year_queries_the_index_once(app: App) -> None:
    app.meter.clear()
    assert travel(app, YEAR, idle_job) == []
    assert list(app.meter.operations) == ["query"] * INDEX_QUERIES
    assert app.clock.now() == START + YEAR


def test_due_work_is_done_at_the_next_scheduled_call(app: App) -> None:
    app.member()
    mails: list[tuple[str, str]] = []
    app.meter.clear()
    [call] = travel(app, timedelta(days=31), sweep_job(app, mails), jobs=(OUTBOX,))
    assert call == Call("outbox", datetime(2026, 4, 20, 12, 35, tzinfo=UTC), {"delivered": 3})
    assert mails == [("owner1@example.com", "welcome")]
    assert app.clock.now() == START + timedelta(days=31)
    check_invariants(app)


def test_the_index_is_queried_before_each_call_and_after_the_last(app: App) -> None:
    put_work(app, "outbox", START + timedelta(hours=3))
    app.meter.clear()

    def call(name: str) -> dict[str, int]:
        remove_work(app, "outbox")
        return {}

    assert [call.at for call in travel(app, YEAR, call)] == [START + timedelta(hours=3, seconds=4)]
    queries = [operation for operation in app.meter.operations if operation != "delete"]
    assert queries == ["query"] * 2 * INDEX_QUERIES


def test_failing_work_is_retried_at_each_due_time_until_parked(app: App) -> None:
    app.member()
    calls = travel(app, YEAR, sweep_job(app, [], RuntimeError("out of reach")), jobs=(OUTBOX,))
    pauses = [later.at - earlier.at for earlier, later in pairwise(calls)]
    assert pauses == [timedelta(minutes=minutes) for minutes in (5, 5, 30, 120, 480, 1440)]
    assert [dict(call.answer) for call in calls] == [{"postponed": 3}] * 6 + [{"parked": 3}]
    assert app.clock.now() == START + YEAR
    check_invariants(app)


def test_work_that_stays_due_is_called_less_and_less_often(app: App) -> None:
    put_work(app, "outbox", START)
    calls = travel(app, YEAR, idle_job)
    pauses = [later.at - earlier.at for earlier, later in pairwise(calls)]
    every = timedelta(minutes=5)
    assert pauses == [every * 2**power for power in range(len(pauses))]
    assert 10 < len(calls) < 20
    assert app.clock.now() == START + YEAR


def test_work_that_stays_due_does_not_delay_other_work(app: App) -> None:
    put_work(app, "outbox", START)
    later = START + timedelta(days=100)
    put_work(app, "outbox", later, id="other-7")
    assert OUTBOX.call_for(later) in [call.at for call in travel(app, YEAR, idle_job)]


def test_several_jobs_are_called_in_order_of_time(app: App) -> None:
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


def test_work_due_before_the_start_is_done_at_the_next_call(app: App) -> None:
    put_work(app, "outbox", START - timedelta(days=3))
    assert travel(app, timedelta(minutes=1), idle_job)[0].at == datetime(2026, 4, 20, 12, 35, tzinfo=UTC)


def test_a_call_after_the_target_is_not_made(app: App) -> None:
    put_work(app, "outbox", START)
    assert travel(app, timedelta(seconds=3), idle_job) == []
    assert app.clock.now() == START + timedelta(seconds=3)


def test_a_slow_job_does_not_turn_the_clock_back(app: App) -> None:
    put_work(app, "outbox", START)

    def call(name: str) -> dict[str, int]:
        app.clock.advance(minutes=20)
        return {}

    calls = travel(app, timedelta(minutes=30), call)
    assert [call.at for call in calls] == sorted({call.at for call in calls})


def test_a_failed_job_leaves_the_clock_at_its_call(app: App) -> None:
    put_work(app, "outbox", START)

    def call(name: str) -> dict[str, int]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        travel(app, YEAR, call)
    assert app.clock.now() == datetime(2026, 4, 20, 12, 35, tzinfo=UTC)


@pytest.mark.parametrize("by", [timedelta(milliseconds=-1), MAX_ADVANCE + timedelta(seconds=1)])
def test_a_move_back_or_too_far_ahead_is_refused(app: App, by: timedelta) -> None:
    with pytest.raises(Invalid):
        travel(app, by, idle_job)
    assert app.clock.now() == START


def test_queued_work_is_done_before_the_clock_moves_on(app: App) -> None:
    member = app.member()
    queue: list[Task] = []
    issued = []

    def settle(job: str, left: Callable[[], int]) -> None:
        assert (job, left()) == ("invoicing", 1)
        app.clock.advance(seconds=2)
        issued.extend(run_task(app.ctx, queue.pop()))
        assert left() == 0

    calls = travel(app, YEAR, invoicing_job(app, queue), settle=settle, jobs=(INVOICES,))
    assert [(call.at.day, call.at.hour, call.at.minute) for call in calls] == [(20, 1, 0)] * 12
    assert [invoice.number for invoice in issued] == list(range(1, 13))
    assert [call.at - invoice.period.end for call, invoice in zip(calls, issued, strict=True)] == [HOUR] * 12
    assert {invoice.account_id for invoice in issued} == {member.account.id}
    check_invariants(app)


def test_work_that_came_due_after_the_call_is_not_waited_for(app: App) -> None:
    put_work(app, "closing", START)
    counts = []

    def settle(job: str, left: Callable[[], int]) -> None:
        put_work(app, "closing", app.clock.now(), id="two-1")
        counts.append(left())
        remove_work(app, "closing")
        counts.append(left())

    travel(app, HOUR, idle_job, settle=settle, jobs=(INVOICES,))
    assert counts == [1, 0]


def test_done_work_that_is_due_again_later_is_not_waited_for(app: App) -> None:
    put_work(app, "closing", START)
    counts = []

    def settle(job: str, left: Callable[[], int]) -> None:
        remove_work(app, "closing")
        put_work(app, "closing", START + timedelta(minutes=1))
        counts.append(left())

    travel(app, timedelta(minutes=30), idle_job, settle=settle, jobs=(INVOICES,))
    assert counts == [0]


def test_stuck_queued_work_leaves_the_clock_at_its_call(app: App) -> None:
    app.member()

    def settle(job: str, left: Callable[[], int]) -> None:
        raise TimeoutError(job, left())

    with pytest.raises(TimeoutError):
        travel(app, YEAR, idle_job, settle=settle, jobs=(INVOICES,))
    assert app.clock.now() == datetime(2026, 5, 20, 1, tzinfo=UTC)
