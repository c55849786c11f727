"""The usage check ends sessions, mails users about their quota, and checks budgets, within five minutes.

Budgets are also checked by the stream, as soon as usage arrives.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tallybook import runtime
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.metering.sessions import end_session, start_session
from tallybook.services.quotas.allocations import allocate
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.functions.lambda_events import stream_record
from tests.functions.queued_work import NearlyUp, QueuedWork
from tests.support.app import App, Member
from tests.support.budgets import alerted_percents, member_with_budget, spend
from tests.support.call import LambdaContext
from tests.support.cloud import make_context
from tests.support.fake_aws import FakeAws
from tests.support.faults import throttle
from tests.support.invariants import check_invariants
from tests.support.sessions import session_counts, session_request
from usage_check.app import handler

JOB = QueuedWork("usage_check", handler)


def member_with_allocation(app: App) -> Member:
    """A user with an allocation of 100 CPU seconds."""
    member = app.member()
    allocate(app.ctx, authenticate(app.ctx, member.session), member.user.id, {"cpu_seconds_monthly": 100})
    return member


def quota_mail_subjects(app: App, member: Member) -> list[str]:
    """The subjects of the mails to the user about their quota."""
    return [mail.subject for mail in app.deliver().mails_to(member.user.email) if "quota" in mail.subject]


def test_a_user_gets_a_mail_once_a_check_has_seen_their_usage(app: App, fake_aws: FakeAws) -> None:
    member = member_with_allocation(app)
    app.record(app.event(member, quantity=80, user_id=member.user_id))
    assert JOB.tick() == {"check": 1}
    assert JOB.work_off(fake_aws) == []
    assert quota_mail_subjects(app, member) == ["You have used 80 % of your Tallybook quota"]
    assert JOB.tick() == {}


def test_a_session_ends_when_its_time_is_up_and_not_before(app: App, fake_aws: FakeAws) -> None:
    member = app.member()
    session = start_session(app.ctx, app.platform(), session_request(member))
    app.clock.moment = session.expires_at - timedelta(milliseconds=1)
    assert JOB.tick() == {}
    app.clock.moment = session.expires_at
    assert JOB.tick() == {"expire": 1}
    app.clock.advance(minutes=3)
    assert JOB.work_off(fake_aws) == []
    assert session_counts(app, member) == (0, 1)
    assert end_session(app.ctx, app.platform(), session.id).ended_at == session.expires_at
    assert JOB.tick() == {}


def test_a_task_enqueued_twice_runs_once(app: App, fake_aws: FakeAws) -> None:
    member = member_with_allocation(app)
    start_session(app.ctx, app.platform(), session_request(member))
    app.clock.advance(hours=1)
    app.record(app.event(member, quantity=100, user_id=member.user_id))
    assert JOB.tick() == JOB.tick() == {"check": 1, "expire": 1, "late": 1}
    assert len(fake_aws.messages) == 4
    assert JOB.work_off(fake_aws) == []
    assert quota_mail_subjects(app, member) == ["You have used 100 % of your Tallybook quota"]
    assert app.account_of(member).counts.running_count == 0


def test_a_session_that_the_platform_ended_first_is_left_as_it_ended(app: App, fake_aws: FakeAws) -> None:
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member))
    app.clock.advance(hours=1)
    JOB.tick()
    ended = end_session(app.ctx, key, session.id)
    app.clock.advance(minutes=1)
    assert JOB.work_off(fake_aws) == []
    assert end_session(app.ctx, key, session.id) == ended
    assert session_counts(app, member) == (0, 1)
    check_invariants(app)


def stream_marks(app: App, *, times: int = 1, context: LambdaContext | None = None) -> dict[str, int]:
    """Call the function with stream records of each due dirty mark, `times` for each."""
    marks = [mark for mark in app.stored("core", "DIRTY") if "due" in mark]
    records = [stream_record(mark, kind=kind) for kind in ["INSERT", *["MODIFY"] * (times - 1)] for mark in marks]
    counts: dict[str, int] = handler({"Records": records}, context or LambdaContext())
    return counts


def test_the_stream_checks_a_budget_once_for_all_records_of_an_account(
    app: App,
) -> None:
    first, second = member_with_budget(app), member_with_budget(app)
    spend(app, first, "50")
    spend(app, first, "30")
    spend(app, second, "49.99")
    assert stream_marks(app, times=3) == {"budgets": 2, "alerted": 2, "left": 0}
    assert (alerted_percents(app, first), alerted_percents(app, second)) == ([50, 80], [])
    spend(app, second, "0.01")
    assert stream_marks(app) == {"budgets": 2, "alerted": 1, "left": 0}
    assert alerted_percents(app, second) == [50]


def test_records_of_other_items_are_skipped(app: App) -> None:
    member = member_with_budget(app)
    spend(app, member, "50")
    others = [{"pk": "PARCEL#p", "sk": "PARCEL"}, {"pk": f"ACCOUNT#{member.account.id}", "sk": "ACCOUNT"}]
    records = [stream_record(item) for item in (*others, *app.stored("core", "DIRTY"))]
    assert handler({"Records": records}, LambdaContext()) == {"budgets": 1, "alerted": 1, "left": 0}


def test_the_sweep_does_not_repeat_the_streams_alerts(app: App, fake_aws: FakeAws) -> None:
    member = member_with_budget(app)
    spend(app, member, "80")
    late = [stream_record(mark, kind="MODIFY") for mark in app.stored("core", "DIRTY")]
    assert stream_marks(app) == {"budgets": 1, "alerted": 2, "left": 0}
    assert JOB.tick() == {"check": 1}
    assert JOB.work_off(fake_aws) == []
    assert JOB.tick() == {}
    assert handler({"Records": late}, LambdaContext()) == {"budgets": 1, "alerted": 0, "left": 0}
    assert alerted_percents(app, member) == [50, 80]
    assert len([mail for mail in app.deliver().mails_to(member.user.email) if "threshold" in mail.subject]) == 1
    check_invariants(app)


def test_the_sweep_alerts_where_the_stream_did_not(app: App, fake_aws: FakeAws) -> None:
    member = member_with_budget(app)
    spend(app, member, "80")
    assert JOB.tick() == {"check": 1}
    assert JOB.work_off(fake_aws) == []
    assert alerted_percents(app, member) == [50, 80]


def test_records_of_accounts_without_a_budget_cost_a_unit_each_in_one_call(app: App) -> None:
    for _ in range(3):
        spend(app, app.member(), "1")
    marks = app.stored("core", "DIRTY")
    unknown = {"pk": keys.dirty("nobody").pk, "sk": "DIRTY", "due": "2026-04-20T12:34:56.000Z"}
    meter = app.meter
    meter.clear()
    records = [stream_record(mark) for mark in (*marks, unknown)]
    assert handler({"Records": records}, LambdaContext()) == {"budgets": 0, "alerted": 0, "left": 0}
    assert (meter.operations, meter.read_units, meter.write_units) == (["get_many"], 4, 0)


def test_with_an_unreadable_table_all_is_left_to_the_sweep(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    member = member_with_budget(app)
    spend(app, member, "50")

    def down(operation: str, _: Callable[[], Any]) -> Any:
        raise throttle(operation)

    monkeypatch.setattr(runtime, "context", lambda: make_context(app.client, interceptor=down, clock=app.clock))
    assert stream_marks(app) == {"budgets": 0, "alerted": 0, "left": 1}
    monkeypatch.undo()
    assert alerted_percents(app, member) == []


def test_a_failing_account_blocks_no_other_and_is_found_by_the_sweep(
    app: App, fake_aws: FakeAws, logged: Callable[[], str]
) -> None:
    members = [member_with_budget(app) for _ in range(3)]
    for member in members:
        spend(app, member, "50")
    broken = keys.budget(members[1].account.id)
    app.ctx.tables.write(Update(broken, remove=("thresholds",)))
    assert stream_marks(app) == {"budgets": 2, "alerted": 2, "left": 1}
    assert [alerted_percents(app, member) for member in members] == [[50], [], [50]]
    assert members[1].account.id in logged()
    app.ctx.tables.write(Update(broken, set={"thresholds": [[50, True]]}))
    JOB.tick()
    assert JOB.work_off(fake_aws) == []
    assert [alerted_percents(app, member) for member in members] == [[50], [50], [50]]


def test_out_of_time_the_rest_is_left_to_the_sweep(app: App, fake_aws: FakeAws, logged: Callable[[], str]) -> None:
    member = member_with_budget(app)
    spend(app, member, "50")
    assert stream_marks(app, context=NearlyUp()) == {"budgets": 0, "alerted": 0, "left": 1}
    assert '"level":"WARNING"' in logged()
    JOB.tick()
    assert JOB.work_off(fake_aws) == []
    assert alerted_percents(app, member) == [50]


def test_its_log_line_has_counts_and_no_address(app: App, logged: Callable[[], str]) -> None:
    member = member_with_budget(app, emails=("cfo@example.com",))
    spend(app, member, "50")
    stream_marks(app)
    assert '"counts":{"budgets":1,"alerted":1,"left":0}' in logged()
    assert "cfo@example.com" not in logged()
    assert member.user.email not in logged()
