"""The schedule's call enqueues due tasks, and each is run from the queue once, however often it was enqueued."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from invoicing.app import handler as invoicing
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.jobs import partitions
from tallybook.domain.times import parse_instant
from tallybook.services.jobs.due_tasks import Task, read_message
from tests.functions.lambda_events import sqs_event
from tests.functions.queued_work import NearlyUp, QueuedWork
from tests.support.app import App, Member
from tests.support.call import LambdaContext
from tests.support.cloud import make_context
from tests.support.fake_aws import FakeAws
from tests.support.faults import Faults
from usage_check.app import handler as usage_check


@dataclass(frozen=True, slots=True)
class Kind:
    """A job, the kind of its tasks, how one becomes due, and how often the job is called."""

    work: QueuedWork
    task: str
    make_due: Callable[[App], Member]
    every: timedelta
    done: str
    late: str


def member_with_ended_period(app: App) -> Member:
    """An account whose period just became due to be closed."""
    member = app.member()
    app.clock.moment = member.account.closing_cursor.period.end + GRACE
    return member


def member_with_usage(app: App) -> Member:
    """An account with usage that no check has seen."""
    member = app.member()
    app.record(app.event(member))
    return member


KINDS = [
    Kind(
        QueuedWork("invoicing", invoicing),
        "close",
        member_with_ended_period,
        timedelta(hours=1),
        '{"paid":1}',
        "InvoicingLate",
    ),
    Kind(
        QueuedWork("usage_check", usage_check), "check", member_with_usage, timedelta(minutes=5), "{}", "UsageCheckLate"
    ),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.work.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def metrics(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines() if '"_aws"' in line]


def test_a_due_task_is_enqueued_and_run_from_the_queue(kind: Kind, app: App, fake_aws: FakeAws) -> None:
    assert kind.work.tick() == {}
    member = kind.make_due(app)
    assert kind.work.tick() == {kind.task: 1}
    (message,) = fake_aws.messages
    assert read_message(message) == Task(kind.task, member.account.id)  # type: ignore[arg-type] # a name that mypy takes for any text
    assert kind.work.tick() == {kind.task: 1}, "a task stays due until it is done"
    assert kind.work.work_off(fake_aws) == []
    assert kind.work.tick() == {}


def test_each_task_is_a_message_and_ten_are_sent_in_a_call(kind: Kind, app: App, fake_aws: FakeAws) -> None:
    calls: list[str] = []

    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        calls.append(operation)
        return call()

    members = [app.member() for _ in range(11)]
    app.record(*(app.event(member) for member in members))
    app.clock.moment = members[0].account.closing_cursor.period.end + GRACE
    fake_aws.interceptor = interceptor
    assert kind.work.tick() == {kind.task: 11} | ({"late": 11} if kind.task == "check" else {})
    assert (len(set(fake_aws.messages)), calls) == (11, ["send_message_batch"] * 2)


def test_tasks_that_the_queue_refuses_wait_for_the_next_call(kind: Kind, app: App, fake_aws: FakeAws) -> None:
    kind.make_due(app)
    fake_aws.refusals = ["ThrottlingException"]
    assert kind.work.tick() == {kind.task: 1, "left": 1}
    assert fake_aws.messages == []
    assert kind.work.tick() == {kind.task: 1}
    assert len(fake_aws.messages) == 1


def test_a_call_whose_time_is_nearly_up_leaves_the_rest(kind: Kind, app: App, fake_aws: FakeAws) -> None:
    kind.make_due(app)
    assert kind.work.tick(NearlyUp()) == {"left": 1}
    assert fake_aws.messages == []


def test_a_batch_whose_time_is_nearly_up_gives_its_messages_back(kind: Kind, app: App, fake_aws: FakeAws) -> None:
    kind.make_due(app)
    kind.work.tick()
    assert kind.work.work_off(fake_aws, NearlyUp()) == [0]
    assert kind.work.tick() == {kind.task: 1}
    assert kind.work.work_off(fake_aws) == []
    assert kind.work.tick() == {}


@pytest.mark.parametrize("bad", ["", "[]", "{}", '{"kind": "KIND"}', "OTHER"])
def test_only_a_message_that_is_no_task_of_the_job_comes_back(
    kind: Kind, app: App, fake_aws: FakeAws, bad: str
) -> None:
    member = kind.make_due(app)
    kind.work.tick()
    other = {"kind": {"close": "check", "check": "close"}[kind.task], "account_id": member.account.id}
    fake_aws.messages.insert(0, bad.replace("KIND", kind.task).replace("OTHER", json.dumps(other)))
    assert kind.work.work_off(fake_aws) == [0]
    assert kind.work.tick() == {}


@pytest.mark.parametrize("change", [{"kind": "archive"}, {"due_by": "2026-05-01"}])
def test_a_task_of_a_newer_release_leaves_the_queue_and_its_work_stays(
    kind: Kind, app: App, fake_aws: FakeAws, logged: Callable[[], str], change: dict[str, Any]
) -> None:
    member = kind.make_due(app)
    task = {"kind": kind.task, "account_id": member.account.id} | change
    fake_aws.messages = [json.dumps(task)]
    assert kind.work.work_off(fake_aws) == []
    assert logged().count('"message":"task of another release"') == 1
    assert '"messages":1,"failed":0,"done":{}' in logged()
    assert kind.work.tick() == {kind.task: 1}, "the release that knows the task finds it"
    assert kind.work.work_off(fake_aws) == []
    assert kind.work.tick() == {}


def test_a_task_taken_off_by_an_older_release_is_done_by_the_newer_one(
    kind: Kind, app: App, fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallybook.services.jobs import due_tasks

    kind.make_due(app)
    kind.work.tick()
    with monkeypatch.context() as older:
        older.setattr(due_tasks, "_KINDS", due_tasks._KINDS - {kind.task})
        assert kind.work.work_off(fake_aws) == []
    assert fake_aws.messages == []
    assert kind.work.tick() == {kind.task: 1}
    assert kind.work.work_off(fake_aws) == []
    assert kind.work.tick() == {}


def test_a_task_that_fails_comes_back_with_its_reason_logged_and_is_done_later(
    kind: Kind, app: App, fake_aws: FakeAws, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    from tallybook import runtime

    member = kind.make_due(app)
    kind.work.tick()
    ctx = make_context(app.client, interceptor=Faults(throttles=1.0), clock=app.clock)
    with monkeypatch.context() as broken:
        broken.setattr(runtime, "context", lambda: ctx)
        assert kind.work.work_off(fake_aws) == [0]
    assert "Unavailable" in logged()
    assert member.account.id in logged()
    assert kind.work.work_off(fake_aws) == []
    assert kind.work.tick() == {}


def test_a_task_still_due_after_a_whole_interval_counts_as_late(
    kind: Kind, app: App, fake_aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    kind.make_due(app)
    app.clock.moment += kind.every + timedelta(minutes=5)
    assert kind.work.tick() == {kind.task: 1}
    assert metrics(capsys.readouterr().out) == []
    app.clock.advance(seconds=1)
    assert kind.work.tick() == {kind.task: 1, "late": 1}
    [line] = metrics(capsys.readouterr().out)
    assert line[kind.late] == [1.0]
    assert (line["service"], line["stage"]) == ("test", "test")
    assert kind.work.work_off(fake_aws) == []


def test_a_period_without_invoice_two_hours_after_its_end_is_reported(
    app: App, fake_aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    work, member = QueuedWork("invoicing", invoicing), app.member()
    app.clock.moment = member.account.closing_cursor.period.end + timedelta(hours=2)
    assert work.tick() == {"close": 1, "late": 1}
    [line] = metrics(capsys.readouterr().out)
    assert "InvoicesNotIssued" not in line
    app.clock.advance(seconds=1)
    assert work.tick() == {"close": 1, "late": 1, "not_issued": 1}
    [line] = metrics(capsys.readouterr().out)
    assert (line["InvoicesNotIssued"], line["InvoicingLate"]) == ([1.0], [1.0])
    assert {each["Name"]: each["Unit"] for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]} == {
        "InvoicingLate": "Count",
        "InvoicesNotIssued": "Count",
    }
    assert work.work_off(fake_aws) == []
    assert work.tick() == {}
    assert metrics(capsys.readouterr().out) == []


def test_an_invoice_that_is_not_marked_overdue_is_late_but_issued(
    app: App, fake_aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    work, member = QueuedWork("invoicing", invoicing), app.member()
    app.record(app.event(member, quantity=10_000_000))
    app.clock.moment = member.account.closing_cursor.period.end + GRACE
    work.tick()
    assert work.work_off(fake_aws) == []
    [overdue] = [due for part in partitions("overdue") for due in app.ctx.tables.query_due(part)]
    app.clock.moment = parse_instant(overdue.at) + timedelta(days=1)
    counts = work.tick()
    assert counts["overdue"] == 1
    [line] = metrics(capsys.readouterr().out)
    assert line.get("InvoicesNotIssued", [0])[0] == counts.get("close", 0), "only periods are without invoice"


def test_each_call_logs_its_counts(kind: Kind, app: App, fake_aws: FakeAws, logged: Callable[[], str]) -> None:
    kind.make_due(app)
    kind.work.tick()
    kind.work.work_off(fake_aws)
    assert f'"tasks":{{"{kind.task}":1' in logged()
    assert f'"messages":1,"failed":0,"done":{kind.done}' in logged()


def test_the_worker_needs_no_queue_url(kind: Kind, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUEUE_URL", raising=False)
    member = kind.make_due(app)
    body = json.dumps({"kind": kind.task, "account_id": member.account.id, "position": None})
    assert kind.work.handler(sqs_event(body), LambdaContext()) == {"batchItemFailures": []}
