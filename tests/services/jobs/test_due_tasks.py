"""A job's due work is found in the index as tasks, which survive the way through a queue."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.jobs import INVOICES, USAGE_CHECK, Job
from tallybook.domain.times import stamp
from tallybook.services.jobs.due_tasks import Task, as_message, due_tasks, enqueue_due, read_message
from tallybook.services.metering.sessions import end_session, start_session
from tests.support.app import App, Member
from tests.support.budgets import edit_budget, run_usage_check, set_up_budget, spend
from tests.support.sessions import session_request

LATER = float("inf")


def due(app: App, job: Job) -> set[tuple[Task, str | None]]:
    """Each task with the instant it has been due since."""
    return {(task, stamp(task.due) if task.due else None) for task in due_tasks(app.ctx, job)}


def task_of(member: Member, kind: Literal["close", "overdue", "check", "budget", "expire"], **named: Any) -> Task:
    return Task(kind, member.account.id, **named)


def test_unchecked_usage_is_due_since_its_first_event(app: App) -> None:
    member, since = app.member(), stamp(app.clock.now())
    for _ in range(2):
        app.record(app.event(member))
        app.clock.advance(seconds=1)
    assert due(app, USAGE_CHECK) == {(task_of(member, "check"), since)}


def test_a_budget_is_due_only_when_a_cooldown_ends(app: App) -> None:
    member = app.member()
    set_up_budget(app, member)
    spend(app, member, 50)
    run_usage_check(app)
    assert due(app, USAGE_CHECK) == set()
    at = app.clock.now() + timedelta(hours=24)
    for amount in (200, 100):
        edit_budget(app, member, amount=amount)
    app.clock.moment = at - timedelta(milliseconds=1)
    assert due(app, USAGE_CHECK) == set()
    app.clock.moment = at
    assert due(app, USAGE_CHECK) == {(task_of(member, "budget"), stamp(at))}


@pytest.mark.parametrize("session_id", ["mine", "a_b-C_9", None])
def test_a_running_session_is_due_at_its_expiry(app: App, session_id: str | None) -> None:
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member, session_id))
    app.clock.moment = session.expires_at - timedelta(milliseconds=1)
    assert due(app, USAGE_CHECK) == set()
    app.clock.moment = session.expires_at
    assert due(app, USAGE_CHECK) == {(task_of(member, "expire", session_id=session.id), stamp(session.expires_at))}
    end_session(app.ctx, key, session.id)
    assert due(app, USAGE_CHECK) == set()


def test_ended_periods_and_unpaid_invoices_are_due_for_invoicing_only(app: App) -> None:
    member = app.member()
    app.record(app.event(member, quantity=1_000_000))
    end = member.account.closing_cursor.period.end + GRACE
    app.clock.moment = end
    assert due(app, INVOICES) == {(task_of(member, "close"), stamp(end))}
    (invoice,) = app.invoice_due()
    assert invoice.due_date is not None
    app.clock.moment = invoice.due_date
    assert due(app, INVOICES) == {(task_of(member, "overdue", position=1), stamp(invoice.due_date))}
    assert {task.kind for task in due_tasks(app.ctx, USAGE_CHECK)} == {"check"}


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Task("close", "a"), {"kind": "close", "account_id": "a"}),
        (Task("check", "a"), {"kind": "check", "account_id": "a"}),
        (Task("budget", "a"), {"kind": "budget", "account_id": "a"}),
        (Task("overdue", "a", position=7), {"kind": "overdue", "account_id": "a", "position": 7}),
        (Task("expire", "a", session_id="s#1"), {"kind": "expire", "account_id": "a", "session_id": "s#1"}),
    ],
)
def test_a_task_is_a_message_without_empty_fields_and_is_read_back(task: Task, message: object) -> None:
    assert json.loads(as_message(task)) == message
    assert read_message(as_message(task)) == task


def test_tasks_compare_without_the_time_they_became_due(app: App) -> None:
    member = app.member()
    app.record(app.event(member))
    (task,) = due_tasks(app.ctx, USAGE_CHECK)
    assert task.due == app.clock.now()
    assert read_message(as_message(task)) == task


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "check"}', '{"kind": ["check"], "account_id": "a"}'])
def test_a_message_that_is_no_task_is_an_error(text: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_message(text)


@pytest.mark.parametrize("text", ['{"kind": "archive", "year": 2026}', '{"kind": "check", "account_id": "a", "on": 1}'])
def test_a_task_of_another_release_is_none(text: str) -> None:
    assert read_message(text) is None


def test_tasks_are_sent_ten_per_call_and_rejected_ones_stay_due(app: App) -> None:
    sent: list[int] = []

    def send(messages: Sequence[str]) -> list[str]:
        sent.append(len(messages))
        return ["throttled"] if len(sent) == 1 else []

    app.record(*(app.event(app.member()) for _ in range(12)))
    assert enqueue_due(app.ctx, USAGE_CHECK, send, deadline=LATER) == {"check": 12, "left": 1, "late": 0}
    assert sent == [10, 2]


def test_after_the_deadline_no_task_is_sent_and_the_rest_reported(app: App) -> None:
    app.record(app.event(app.member()))
    counts = enqueue_due(app.ctx, USAGE_CHECK, lambda _: [], deadline=app.ctx.elapsed())
    assert counts == {"left": 1}


def test_a_task_due_for_longer_than_a_call_takes_is_late(app: App) -> None:
    app.record(app.event(app.member()))
    app.clock.advance(minutes=10)
    app.record(app.event(app.member()))
    assert enqueue_due(app.ctx, USAGE_CHECK, lambda _: [], deadline=LATER)["late"] == 0
    app.clock.advance(seconds=1)
    assert enqueue_due(app.ctx, USAGE_CHECK, lambda _: [], deadline=LATER)["late"] == 1
