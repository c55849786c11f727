"""What is due of a job is found in the index as tasks, and each is read back from the queue as it was put there."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

import pytest

from tallybook.domain.cycle import GRACE
from tallybook.domain.jobs import INVOICES, USAGE_CHECK, Job
from tallybook.domain.times import stamp
from tallybook.services.jobs.due_tasks import Task, as_message, due_tasks, enqueue_due, read_message
from tallybook.services.metering.sessions import end_session, start_session
from tests.services.metering.test_sessions import wanted
from tests.support.budgets import edit, look, set_up, spend
from tests.support.house import House, Member

LATER = float("inf")


def due(house: House, job: Job) -> set[tuple[Task, str | None]]:
    """Each task with the instant since when it is due."""
    return {(task, stamp(task.due) if task.due else None) for task in due_tasks(house.ctx, job)}


def of(member: Member, kind: Literal["close", "overdue", "check", "budget", "expire"], **named: Any) -> Task:
    return Task(kind, member.account.id, **named)


def test_usage_that_nobody_has_seen_is_due_since_the_first_of_it(house: House) -> None:
    member, since = house.member(), stamp(house.clock.now())
    for _ in range(2):
        house.record(house.event(member))
        house.clock.advance(seconds=1)
    assert due(house, USAGE_CHECK) == {(of(member, "check"), since)}


def test_a_budget_is_due_when_a_silence_of_it_ends_and_not_while_it_waits_for_nothing(house: House) -> None:
    member = house.member()
    set_up(house, member)
    spend(house, member, 50)
    look(house)
    assert due(house, USAGE_CHECK) == set()
    at = house.clock.now() + timedelta(hours=24)
    for amount in (200, 100):
        edit(house, member, amount=amount)
    house.clock.moment = at - timedelta(milliseconds=1)
    assert due(house, USAGE_CHECK) == set()
    house.clock.moment = at
    assert due(house, USAGE_CHECK) == {(of(member, "budget"), stamp(at))}


@pytest.mark.parametrize("session_id", ["mine", "a_b-C_9", None])
def test_a_session_is_due_once_its_time_is_up_while_it_runs(house: House, session_id: str | None) -> None:
    member, key = house.member(), house.platform()
    session = start_session(house.ctx, key, wanted(member, session_id))
    house.clock.moment = session.expires_at - timedelta(milliseconds=1)
    assert due(house, USAGE_CHECK) == set()
    house.clock.moment = session.expires_at
    assert due(house, USAGE_CHECK) == {(of(member, "expire", session_id=session.id), stamp(session.expires_at))}
    end_session(house.ctx, key, session.id)
    assert due(house, USAGE_CHECK) == set()


def test_an_ended_period_and_an_invoice_that_is_not_paid_are_due_of_invoicing_alone(house: House) -> None:
    member = house.member()
    house.record(house.event(member, quantity=1_000_000))
    end = member.account.cycle.period.end + GRACE
    house.clock.moment = end
    assert due(house, INVOICES) == {(of(member, "close"), stamp(end))}
    (invoice,) = house.invoice_due()
    assert invoice.due_date is not None
    house.clock.moment = invoice.due_date
    assert due(house, INVOICES) == {(of(member, "overdue", position=1), stamp(invoice.due_date))}
    assert {task.kind for task in due_tasks(house.ctx, USAGE_CHECK)} == {"check"}


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
def test_a_task_is_a_message_without_what_it_does_not_need_and_is_read_back(task: Task, message: object) -> None:
    assert json.loads(as_message(task)) == message
    assert read_message(as_message(task)) == task


def test_a_task_is_the_same_whenever_it_became_due(house: House) -> None:
    member = house.member()
    house.record(house.event(member))
    (task,) = due_tasks(house.ctx, USAGE_CHECK)
    assert task.due == house.clock.now()
    assert read_message(as_message(task)) == task


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "check"}', '{"kind": "check", "account_id": "a", "on": 1}'])
def test_what_is_no_message_of_ours_is_an_error(text: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_message(text)


def test_tasks_go_ten_a_call_and_those_that_are_not_taken_are_left(house: House) -> None:
    sent: list[int] = []

    def send(messages: Sequence[str]) -> list[str]:
        sent.append(len(messages))
        return ["throttled"] if len(sent) == 1 else []

    house.record(*(house.event(house.member()) for _ in range(12)))
    assert enqueue_due(house.ctx, USAGE_CHECK, send, deadline=LATER) == {"check": 12, "left": 1, "late": 0}
    assert sent == [10, 2]


def test_at_the_deadline_nothing_more_is_sent_and_something_is_left(house: House) -> None:
    house.record(house.event(house.member()))
    counts = enqueue_due(house.ctx, USAGE_CHECK, lambda _: [], deadline=house.ctx.elapsed())
    assert counts == {"left": 1}


def test_what_has_been_due_for_longer_than_a_call_takes_to_come_is_counted_as_late(house: House) -> None:
    house.record(house.event(house.member()))
    house.clock.advance(minutes=10)
    house.record(house.event(house.member()))
    assert enqueue_due(house.ctx, USAGE_CHECK, lambda _: [], deadline=LATER)["late"] == 0
    house.clock.advance(seconds=1)
    assert enqueue_due(house.ctx, USAGE_CHECK, lambda _: [], deadline=LATER)["late"] == 1
