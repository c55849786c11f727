"""A hard budget keeps sessions from starting from the very usage that reaches it, and no longer than it does."""

from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.admission import Reason
from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import PlatformCaller
from tallybook.services.budgets.budget import remove_budget
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.metering.sessions import admission, start_session
from tallybook.services.subscriptions.change_plan import change_plan
from tests.services.metering.test_admission import refused
from tests.services.metering.test_sessions import wanted
from tests.support.budgets import budgeted, edit, spend
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.shares import give_limits, share


@pytest.fixture
def key(house: House) -> PlatformCaller:
    return house.platform()


def used_up(house: House, **terms: Any) -> Member:
    """An account that has used its hard budget of 100, of which nobody was told yet."""
    member = budgeted(house, limit_type="hard", **terms)
    spend(house, member, "100")
    return member


def restricted(limit: str = "100", current: str = "100") -> Reason:
    return Reason("budget_restricted", Decimal(limit), Decimal(current))


def test_the_event_that_reaches_it_is_the_last_before_which_sessions_start(house: House, key: PlatformCaller) -> None:
    member = budgeted(house, limit_type="hard")
    spend(house, member, "99.99")
    start_session(house.ctx, key, wanted(member))
    spend(house, member, "0.01")
    assert refused(house, key, wanted(member)) == [restricted()]
    spend(house, member, "23.45")
    assert refused(house, key, wanted(member)) == [restricted(current="123.45")]
    assert house.account_of(member).running == 1
    check_invariants(house)


def test_a_session_that_has_started_answers_as_before_though_none_starts_now(house: House, key: PlatformCaller) -> None:
    member = budgeted(house, limit_type="hard")
    first = start_session(house.ctx, key, wanted(member, "box"))
    spend(house, member, "100")
    assert start_session(house.ctx, key, wanted(member, "box")) == first
    assert admission(house.ctx, key, wanted(member, "box")) == ()
    assert refused(house, key, wanted(member, "other")) == [restricted()]


@pytest.mark.parametrize(
    "changes", [{"amount": Decimal("100.01")}, {"limit_type": "soft"}, {"is_active": False}], ids=str
)
def test_an_edit_lifts_it_at_once_and_its_opposite_restricts_at_once(
    house: House, key: PlatformCaller, changes: dict[str, Any]
) -> None:
    member = used_up(house)
    assert refused(house, key, wanted(member)) == [restricted()]
    edit(house, member, **changes)
    assert admission(house.ctx, key, wanted(member)) == ()
    start_session(house.ctx, key, wanted(member))
    edit(house, member, amount=Decimal(100), limit_type="hard", is_active=True)
    assert refused(house, key, wanted(member)) == [restricted()]


def test_its_deletion_lifts_it_at_once(house: House, key: PlatformCaller) -> None:
    member = used_up(house)
    remove_budget(house.ctx, authenticate(house.ctx, member.api_key))
    assert start_session(house.ctx, key, wanted(member)).status == "running"


def test_a_new_period_lifts_it_before_anything_is_used_in_it(house: House, key: PlatformCaller) -> None:
    member = used_up(house)
    assert refused(house, key, wanted(member)) == [restricted()]
    house.clock.moment = house.account_of(member).cycle.period.end
    assert start_session(house.ctx, key, wanted(member)).status == "running"
    spend(house, member, "99.99")
    assert admission(house.ctx, key, wanted(member)) == ()
    spend(house, member, "0.02")
    assert refused(house, key, wanted(member)) == [restricted(current="100.01")]


def test_a_change_of_plan_begins_a_new_period_and_lifts_it(house: House, key: PlatformCaller) -> None:
    member = used_up(house)
    house.clock.advance(seconds=1)
    change_plan(house.ctx, house.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    assert admission(house.ctx, key, wanted(member)) == ()
    start_session(house.ctx, key, wanted(member))


def test_what_belongs_to_a_period_that_has_ended_does_not_count(house: House, key: PlatformCaller) -> None:
    member = budgeted(house, limit_type="hard")
    then = house.clock.now()
    spend(house, member, "1")
    house.clock.moment = house.account_of(member).cycle.period.end
    spend(house, member, "200", time=then)
    assert admission(house.ctx, key, wanted(member)) == ()
    house.clock.advance(days=2)
    assert house.invoice_due()
    spend(house, member, "300", time=then)
    assert admission(house.ctx, key, wanted(member)) == ()
    start_session(house.ctx, key, wanted(member))


def test_what_the_wallet_pays_does_not_count(house: House, key: PlatformCaller) -> None:
    member = budgeted(house, "0.50", limit_type="hard")
    house.record(house.event(member, meter="credits", quantity=1_000_000))
    assert admission(house.ctx, key, wanted(member)) == ()
    spend(house, member, "0.50")
    assert refused(house, key, wanted(member)) == [restricted("0.5", "0.5")]


def test_what_is_counted_in_several_places_is_summed(house: House, key: PlatformCaller) -> None:
    house.reshape(usage_shards=4)
    member = budgeted(house, limit_type="hard")
    for _ in range(9):
        spend(house, member, "11.11")
    fences = [item for item in house.stored("usage") if item["sk"].startswith("period#")]
    assert len([fence for fence in fences if any(name.startswith("q:") for name in fence)]) > 1
    assert admission(house.ctx, key, wanted(member)) == ()
    spend(house, member, "0.01")
    for shards in (4, 1, 8):
        house.reshape(usage_shards=shards)
        assert refused(house, key, wanted(member)) == [restricted()]


def test_it_is_told_beside_whatever_else_is_in_the_way(house: House, key: PlatformCaller) -> None:
    give_limits(house, max_concurrent_sandboxes=1)
    member = budgeted(house, limit_type="hard")
    share(house, member, member, concurrent_sandboxes=1)
    start_session(house.ctx, key, wanted(member))
    spend(house, member, "100")
    assert refused(house, key, wanted(member)) == [
        Reason("account_concurrent_sandboxes", 1, 1),
        restricted(),
        Reason("user_concurrent_sandboxes", 1, 1),
    ]


def test_a_budget_costs_a_start_nothing(house: House, key: PlatformCaller) -> None:
    bill = house.ctx.tables.bill
    for member in (house.member(), budgeted(house), budgeted(house, limit_type="hard")):
        spend(house, member, "1")
        start_session(house.ctx, key, wanted(member))
        bill.clear()
        start_session(house.ctx, key, wanted(member))
        assert bill.operations == ["get_many", "transact"]
        assert (bill.read_units, bill.write_units) == (5, 9)
