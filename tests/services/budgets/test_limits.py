"""Mails about a budget are at most so many a day; what they tell stands in its messages all the same."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tallybook.domain.budget_terms import MOST_REMEMBERED
from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limit, Limits
from tests.support.budgets import (
    LIFTS,
    budget_of,
    drop,
    edit,
    end_of_period,
    look,
    mailed,
    messages,
    percents,
    set_up,
    spend,
    thresholds,
)
from tests.support.house import House, Member
from tests.support.invariants import check_invariants

ADA = "ada@example.com"


@pytest.fixture
def owner(house: House) -> Member:
    return house.member(ADA)


def limited(house: House, most: int) -> None:
    house.reshape(limits=Limits(budget_mail=Limit(most, timedelta(days=1))))


def told(house: House) -> int:
    """How many mails have told of a budget."""
    return len([mail for mail in house.deliver().to(ADA) if mail.subject.startswith("Budget")])


def test_a_budget_that_nobody_edits_has_mails_enough_for_a_day_on_which_a_period_ends(
    house: House, owner: Member
) -> None:
    house.reshape(limits=Limits())
    set_up(house, owner, thresholds=thresholds(*range(5, 101, 5)))
    house.clock.moment = end_of_period(house, owner) - timedelta(hours=12)
    for _ in range(2):
        for _ in range(20):
            spend(house, owner, 5)
            assert look(house) == ["alerted"]
        house.clock.advance(hours=12)
    house.deliver()
    assert mailed(house, owner) == [(ADA,)] * 40


def test_beyond_the_limit_a_change_alerts_without_a_mail(house: House, owner: Member) -> None:
    limited(house, 3)
    spend(house, owner, 50)
    set_up(house, owner, thresholds=())
    for percent in range(1, 6):
        edit(house, owner, thresholds=thresholds(percent))
    assert told(house) == 3
    assert percents(house, owner) == [1, 2, 3, 4, 5]
    assert mailed(house, owner) == [(ADA,)] * 3 + [()] * 2
    assert len(house.world.named("BudgetThresholdReached")) == 5
    check_invariants(house)


def test_nor_does_a_check_write_more_however_the_budget_is_edited_beside_it(house: House, owner: Member) -> None:
    limited(house, 3)
    set_up(house, owner, thresholds=())
    for number in range(1, 6):
        edit(house, owner, thresholds=thresholds(number))
        spend(house, owner, 1)
        assert look(house) == ["alerted"]
    drop(house, owner)
    set_up(house, owner)
    spend(house, owner, 50)
    assert look(house) == ["alerted"]
    assert (told(house), len(messages(house, owner))) == (3, 6)
    check_invariants(house)


def test_the_limit_ends_with_its_day_and_is_the_accounts_own(house: House, owner: Member) -> None:
    limited(house, 1)
    other = house.member("bob@example.com")
    for member in (owner, other):
        spend(house, member, 100)
        for _ in range(2):
            set_up(house, member)
            drop(house, member)
    house.deliver()
    assert mailed(house, owner) == [(ADA,)] * 3 + [()] * 3
    assert mailed(house, other) == [("bob@example.com",)] * 3 + [()] * 3
    house.clock.advance(days=1)
    set_up(house, owner)
    house.deliver()
    assert mailed(house, owner)[-1] == (ADA,)
    check_invariants(house)


def test_thresholds_that_alerted_can_not_be_replaced_without_end_and_nothing_else_is_refused(
    house: House, owner: Member
) -> None:
    spend(house, owner, 50)
    set_up(house, owner, thresholds=(), limit_type="hard")
    some = [thresholds(*(Decimal(20 * turn + number) / 100 for number in range(1, 21))) for turn in range(5)]
    for twenty in some[:4]:
        edit(house, owner, thresholds=twenty)
    before = budget_of(house, owner)
    with pytest.raises(TooManyRequests) as refused:
        edit(house, owner, thresholds=some[4])
    assert refused.value.retry_after == 24 * 3600
    assert budget_of(house, owner) == before
    assert before is not None
    assert len(before.alerts) == MOST_REMEMBERED
    spend(house, owner, 50)
    for change in LIFTS:
        assert edit(house, owner, **change, thresholds=some[3][:7]).is_restricted is False
    assert edit(house, owner, thresholds=()).budget.thresholds == ()
    house.clock.advance(days=1)
    edit(house, owner, thresholds=some[4])
    check_invariants(house)
