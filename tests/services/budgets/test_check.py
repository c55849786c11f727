"""Usage is held against the budget at ingest, at the sweep and when it waits for an instant: each crossing once."""

from datetime import timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.accounts.suspension import set_standing
from tallybook.services.budgets.check import check_budget
from tests.support.budgets import (
    budget_of,
    drop,
    due,
    edit,
    end_of_period,
    look,
    messages,
    percents,
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


def test_each_threshold_is_told_once_however_often_anybody_looks(house: House, owner: Member) -> None:
    set_up(house, owner)
    for units, alerts in (("49.99", 0), ("0.01", 1), ("0.01", 0), ("49.98", 1), ("0.01", 1), ("50", 0)):
        spend(house, owner, units)
        assert [streamed(house, owner), streamed(house, owner)] == [alerts, 0]
        assert look(house) == []
        check_invariants(house)
    assert percents(house, owner) == [50, 80, 100]
    assert [message.used for message in messages(house, owner)] == [50_000_000, 99_990_000, 100_000_000]


def test_what_one_check_finds_shares_a_notification_and_a_mail_to_each_address_once(
    house: House, owner: Member
) -> None:
    set_up(house, owner, emails=["fin@example.com", "ADA@example.com", "fin@example.com"])
    spend(house, owner, "82.5")
    assert look(house) == ["alerted"] * 2
    assert len({message.notification_id for message in messages(house, owner)}) == 1
    mails = [mail for mail in house.deliver().mails if mail.subject.startswith("Budget")]
    assert [mail.to for mail in mails] == ["ada@example.com", "fin@example.com"]
    told = [detail["data"]["threshold_percent"] for detail in house.world.named("BudgetThresholdReached")]
    assert told == ["50", "80"]
    assert {message.recipients for message in messages(house, owner)} == {("ada@example.com", "fin@example.com")}


def test_where_the_stream_lost_its_record_the_sweep_tells(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    house.clock.advance(minutes=5)
    assert look(house) == ["alerted"]
    assert due(house) == []


def test_what_the_stream_has_told_leaves_the_sweep_nothing_but_the_mark(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    assert streamed(house, owner) == 1
    assert due(house) == ["check"]
    assert look(house) == []
    assert due(house) == []


def test_a_silenced_crossing_is_told_at_its_very_instant_though_nothing_is_used(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    at = house.clock.now() + timedelta(hours=24)
    for amount in (200, 100):
        house.clock.advance(hours=1)
        edit(house, owner, amount=amount)
    house.clock.moment = at - TICK
    assert (due(house), streamed(house, owner), percents(house, owner)) == ([], 0, [50])
    house.clock.moment = at
    assert due(house) == ["budget"]
    assert look(house) == ["alerted"]
    assert (due(house), percents(house, owner)) == ([], [50, 50])
    check_invariants(house)


@pytest.mark.parametrize("end", [{"amount": 500}, {"is_active": False}, {"thresholds": thresholds(80)}])
def test_a_silenced_crossing_that_is_over_is_not_told(house: House, owner: Member, end: dict[str, object]) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    for amount in (200, 100):
        edit(house, owner, amount=amount)
    edit(house, owner, **end)
    house.clock.advance(hours=25)
    assert (due(house), look(house), percents(house, owner)) == ([], [], [50])
    check_invariants(house)


def test_a_silenced_crossing_of_a_budget_that_is_no_more_is_due_nowhere(house: House, owner: Member) -> None:
    set_up(house, owner)
    spend(house, owner, 50)
    look(house)
    for amount in (200, 100):
        edit(house, owner, amount=amount)
    drop(house, owner)
    house.clock.advance(hours=25)
    assert due(house) == []
    check_invariants(house)


def test_a_suspended_account_is_told_of_what_it_uses_still(house: House, owner: Member) -> None:
    set_up(house, owner)
    set_standing(house.ctx, owner.account.id, "suspended", reason="unpaid", actor=OPERATOR)
    spend(house, owner, 50)
    assert look(house) == ["alerted"]


def test_nobody_in_a_deleted_account_is_told_and_its_budget_leaves_the_index(house: House, owner: Member) -> None:
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 100)
    look(house)
    end = end_of_period(house, owner)
    spend(house, owner, 1)
    house.change_account(owner, status="deleted")
    assert look(house) == []
    budget = budget_of(house, owner)
    assert budget is not None
    assert budget.due is None
    house.clock.moment = end
    assert due(house) == []


def test_an_account_that_never_was_has_no_budget(house: House) -> None:
    assert check_budget(house.ctx, "nobody") == 0
