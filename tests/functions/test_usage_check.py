"""Sessions whose time is up are ended, and users are told of what they have used up: within five minutes.

And budgets are looked at: as the stream tells of usage, and within five minutes whatever the stream does.
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
from tests.functions.notices import record
from tests.functions.queued_work import NearlyUp, QueuedWork
from tests.services.metering.test_sessions import counts, wanted
from tests.support.budgets import budgeted, spend
from tests.support.budgets import percents as alerted
from tests.support.call import LambdaContext
from tests.support.cloud import make_context
from tests.support.faults import throttle
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.outside import World
from usage_check.app import handler

JOB = QueuedWork("usage_check", handler)


def with_share(house: House) -> Member:
    """A user with a share of 100 CPU seconds."""
    member = house.member()
    allocate(house.ctx, authenticate(house.ctx, member.session), member.user.id, {"cpu_seconds_monthly": 100})
    return member


def told(house: House, member: Member) -> list[str]:
    """The subjects of what they got about their share."""
    return [mail.subject for mail in house.deliver().to(member.user.email) if "quota" in mail.subject]


def test_a_user_is_written_to_once_what_they_have_used_is_seen(house: House, post: World) -> None:
    member = with_share(house)
    house.record(house.event(member, quantity=80, user_id=member.user_id))
    assert JOB.tick() == {"check": 1}
    assert JOB.work_off(post) == []
    assert told(house, member) == ["You have used 80 % of your Tallybook quota"]
    assert JOB.tick() == {}


def test_a_session_whose_time_is_up_ends_then_and_not_before(house: House, post: World) -> None:
    member = house.member()
    session = start_session(house.ctx, house.platform(), wanted(member))
    house.clock.moment = session.expires_at - timedelta(milliseconds=1)
    assert JOB.tick() == {}
    house.clock.moment = session.expires_at
    assert JOB.tick() == {"expire": 1}
    house.clock.advance(minutes=3)
    assert JOB.work_off(post) == []
    assert counts(house, member) == (0, 1)
    assert end_session(house.ctx, house.platform(), session.id).ended_at == session.expires_at
    assert JOB.tick() == {}


def test_what_is_enqueued_twice_is_done_once(house: House, post: World) -> None:
    member = with_share(house)
    start_session(house.ctx, house.platform(), wanted(member))
    house.clock.advance(hours=1)
    house.record(house.event(member, quantity=100, user_id=member.user_id))
    assert JOB.tick() == JOB.tick() == {"check": 1, "expire": 1, "late": 1}
    assert len(post.messages) == 4
    assert JOB.work_off(post) == []
    assert told(house, member) == ["You have used 100 % of your Tallybook quota"]
    assert house.account_of(member).running == 0


def test_a_session_that_the_platform_ended_first_is_left_as_it_ended(house: House, post: World) -> None:
    member, key = house.member(), house.platform()
    session = start_session(house.ctx, key, wanted(member))
    house.clock.advance(hours=1)
    JOB.tick()
    ended = end_session(house.ctx, key, session.id)
    house.clock.advance(minutes=1)
    assert JOB.work_off(post) == []
    assert end_session(house.ctx, key, session.id) == ended
    assert counts(house, member) == (0, 1)
    check_invariants(house)


def streamed(house: House, *, times: int = 1, context: LambdaContext | None = None) -> dict[str, int]:
    """The mark of each account with usage comes down the stream, so many times over."""
    marks = [mark for mark in house.stored("core", "DIRTY") if "due" in mark]
    records = [record(mark, kind=kind) for kind in ["INSERT", *["MODIFY"] * (times - 1)] for mark in marks]
    counts: dict[str, int] = handler({"Records": records}, context or LambdaContext())
    return counts


def test_the_stream_has_the_budget_looked_at_once_for_all_of_an_accounts_records(
    house: House,
) -> None:
    first, second = budgeted(house), budgeted(house)
    spend(house, first, "50")
    spend(house, first, "30")
    spend(house, second, "49.99")
    assert streamed(house, times=3) == {"budgets": 2, "alerted": 2, "left": 0}
    assert (alerted(house, first), alerted(house, second)) == ([50, 80], [])
    spend(house, second, "0.01")
    assert streamed(house) == {"budgets": 2, "alerted": 1, "left": 0}
    assert alerted(house, second) == [50]


def test_what_the_stream_has_told_the_sweep_tells_nobody_again(house: House, post: World) -> None:
    member = budgeted(house)
    spend(house, member, "80")
    late = [record(mark, kind="MODIFY") for mark in house.stored("core", "DIRTY")]
    assert streamed(house) == {"budgets": 1, "alerted": 2, "left": 0}
    assert JOB.tick() == {"check": 1}
    assert JOB.work_off(post) == []
    assert JOB.tick() == {}
    assert handler({"Records": late}, LambdaContext()) == {"budgets": 1, "alerted": 0, "left": 0}
    assert alerted(house, member) == [50, 80]
    assert len([mail for mail in house.deliver().to(member.user.email) if "threshold" in mail.subject]) == 1
    check_invariants(house)


def test_what_the_stream_never_told_the_sweep_tells(house: House, post: World) -> None:
    member = budgeted(house)
    spend(house, member, "80")
    assert JOB.tick() == {"check": 1}
    assert JOB.work_off(post) == []
    assert alerted(house, member) == [50, 80]


def test_records_of_accounts_without_a_budget_cost_a_unit_each_in_one_call(house: House) -> None:
    for _ in range(3):
        spend(house, house.member(), "1")
    marks = house.stored("core", "DIRTY")
    unknown = {"pk": keys.dirty("nobody").pk, "sk": "DIRTY", "due": "2026-04-20T12:34:56.000Z"}
    bill = house.ctx.tables.bill
    bill.clear()
    records = [record(mark) for mark in (*marks, unknown)]
    assert handler({"Records": records}, LambdaContext()) == {"budgets": 0, "alerted": 0, "left": 0}
    assert (bill.operations, bill.read_units, bill.write_units) == (["get_many"], 4, 0)


def test_where_the_table_can_not_be_read_all_is_left_to_the_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = budgeted(house)
    spend(house, member, "50")

    def down(operation: str, _: Callable[[], Any]) -> Any:
        raise throttle(operation)

    monkeypatch.setattr(runtime, "context", lambda: make_context(house.client, port=down, clock=house.clock))
    assert streamed(house) == {"budgets": 0, "alerted": 0, "left": 1}
    monkeypatch.undo()
    assert alerted(house, member) == []


def test_an_account_that_fails_keeps_no_other_from_being_looked_at_and_the_sweep_finds_it(
    house: House, post: World, logged: Callable[[], str]
) -> None:
    members = [budgeted(house) for _ in range(3)]
    for member in members:
        spend(house, member, "50")
    broken = keys.budget(members[1].account.id)
    house.ctx.tables.write(Update(broken, remove=("thresholds",)))
    assert streamed(house) == {"budgets": 2, "alerted": 2, "left": 1}
    assert [alerted(house, member) for member in members] == [[50], [], [50]]
    assert members[1].account.id in logged()
    house.ctx.tables.write(Update(broken, set={"thresholds": [[50, True]]}))
    JOB.tick()
    assert JOB.work_off(post) == []
    assert [alerted(house, member) for member in members] == [[50], [50], [50]]


def test_out_of_time_the_rest_is_left_to_the_sweep(house: House, post: World, logged: Callable[[], str]) -> None:
    member = budgeted(house)
    spend(house, member, "50")
    assert streamed(house, context=NearlyUp()) == {"budgets": 0, "alerted": 0, "left": 1}
    assert '"level":"WARNING"' in logged()
    JOB.tick()
    assert JOB.work_off(post) == []
    assert alerted(house, member) == [50]


def test_its_line_in_the_log_counts_and_names_nobody(house: House, logged: Callable[[], str]) -> None:
    member = budgeted(house, emails=("cfo@example.com",))
    spend(house, member, "50")
    streamed(house)
    assert '"counts":{"budgets":1,"alerted":1,"left":0}' in logged()
    assert "cfo@example.com" not in logged()
    assert member.user.email not in logged()
