"""Budgets at the ends of periods: what is told of the one that has ended, and what begins anew."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.accounts.profile import change_account
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.budgets import (
    actions,
    due,
    edit,
    end_of_period,
    look,
    messages,
    percents,
    root,
    set_up,
    spend,
    streamed,
    thresholds,
)
from tests.support.house import House, Member
from tests.support.invariants import check_invariants

TICK = timedelta(milliseconds=1)


@pytest.fixture
def owner(house: House) -> Member:
    return house.member("ada@example.com")


def test_a_hard_limit_is_announced_and_its_end_with_the_period_too(house: House, owner: Member) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 100)
    assert look(house) == ["alerted"] * 3
    end = end_of_period(house, owner)
    house.clock.moment = end - TICK
    assert due(house) == []
    house.clock.moment = end
    assert due(house) == ["budget"]
    assert look(house) == []
    assert due(house) == []
    assert actions(house, owner) == ["created", "threshold_reached", "restricted", "restriction_lifted"]
    (lifted,) = house.deliver().named("BudgetRestrictionLifted")
    assert lifted["data"]["used"] == 0
    check_invariants(house)


def test_a_hard_limit_that_holds_in_the_next_period_as_well_is_not_announced_twice(house: House, owner: Member) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 100)
    look(house)
    house.clock.moment = end_of_period(house, owner)
    spend(house, owner, 100)
    assert look(house) == ["alerted"] * 3
    assert actions(house, owner) == ["created", "threshold_reached", "restricted", "threshold_reached"]
    check_invariants(house)


def test_what_nobody_saw_before_the_period_ended_is_told_of_it_once(house: House, owner: Member) -> None:
    set_up(house, owner)
    end = end_of_period(house, owner)
    house.clock.moment = end - TICK
    spend(house, owner, 80)
    house.clock.moment = end
    spend(house, owner, 50)
    assert [streamed(house, owner), streamed(house, owner)] == [3, 0]
    assert look(house) == []
    assert [(one.period.end == end, one.threshold.percent) for one in messages(house, owner)] == [
        (True, 50),
        (True, 80),
        (False, 50),
    ]
    assert {message.created_at for message in messages(house, owner)} == {end}
    check_invariants(house)


def test_of_what_nobody_saw_for_months_the_last_two_are_told_in_one_transaction_at_the_most(
    house: House, owner: Member
) -> None:
    set_up(house, owner, thresholds=thresholds(*range(1, 21)))
    for _ in range(4):
        spend(house, owner, 50)
        house.clock.moment = end_of_period(house, owner)
    spend(house, owner, 50)
    edit(house, owner, thresholds=thresholds(*range(21, 41)), limit_type="hard", amount=50)
    starts = [message.period.start for message in messages(house, owner)]
    assert len(set(starts)) == 3
    assert starts == sorted(starts)
    assert len(starts) == 4 * 20
    assert look(house) == []
    check_invariants(house)


@pytest.mark.parametrize(
    ("before_the_end", "told"), [(timedelta(hours=24) + TICK, [50, 50]), (timedelta(hours=24), [50])]
)
def test_a_day_that_ends_with_the_period_silences_what_it_outlives(
    house: House, owner: Member, before_the_end: timedelta, told: list[int]
) -> None:
    set_up(house, owner)
    house.clock.moment = end_of_period(house, owner) - before_the_end
    spend(house, owner, 50)
    look(house)
    for amount in (1000, 100):
        edit(house, owner, amount=amount)
    house.clock.advance(days=2)
    look(house)
    assert percents(house, owner) == told
    check_invariants(house)


def test_a_new_plan_ends_the_restriction_and_that_is_announced_at_the_next_look(house: House, owner: Member) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 100)
    look(house)
    house.clock.advance(hours=1)
    change_plan(house.ctx, house.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    assert due(house) == ["check"]
    look(house)
    assert actions(house, owner)[-1] == "restriction_lifted"
    spend(house, owner, 50)
    assert look(house) == ["alerted"], "it is another period"
    check_invariants(house)


def test_what_nobody_saw_before_the_plan_changed_is_told_of_the_period_that_it_cut(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    house.clock.advance(minutes=1)
    changed = change_plan(house.ctx, house.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    spend(house, owner, 80)
    assert look(house) == ["alerted"] * 3
    assert [message.period == changed.opened.period for message in messages(house, owner)] == [False, True, True]
    assert messages(house, owner)[0].period.end == changed.opened.period.start
    check_invariants(house)


def test_a_plan_changed_without_a_budget_marks_nothing(house: House, owner: Member) -> None:
    house.clock.advance(hours=1)
    change_plan(house.ctx, house.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    assert due(house) == []


def test_the_period_is_the_accounts_own_where_its_zone_differs(house: House, owner: Member) -> None:
    change_account(house.ctx, root(house, owner), {"time_zone": "Pacific/Auckland"})
    house.clock.moment = datetime(2026, 10, 1, tzinfo=UTC)
    set_up(house, owner)
    end = end_of_period(house, owner)
    assert end == datetime(2026, 10, 19, 23, tzinfo=UTC), "its clocks have gone forward since"
    house.clock.moment = end - TICK
    spend(house, owner, 50)
    house.clock.moment = end
    spend(house, owner, 50)
    assert look(house) == ["alerted"] * 2
    assert [message.period.end == end for message in messages(house, owner)] == [True, False]


def test_what_is_counted_in_several_places_is_summed_however_many_new_periods_have(house: House, owner: Member) -> None:
    house.reshape(usage_shards=4)
    house.clock.moment = end_of_period(house, owner)
    set_up(house, owner)
    for _ in range(9):
        spend(house, owner, "11.11")
    fences = [item for item in house.stored("usage") if item["sk"].startswith("period#")]
    assert len([fence for fence in fences if any(name.startswith("q:") for name in fence)]) > 1
    house.reshape(usage_shards=1)
    assert look(house) == ["alerted"] * 2
    spend(house, owner, "0.01")
    assert look(house) == ["alerted"]
    check_invariants(house)
