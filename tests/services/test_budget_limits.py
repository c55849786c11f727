"""Changes of a budget that alert by their own doing are few; what lifts or calms is never refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.errors import TooManyRequests
from tallybook.domain.limits import Limit, Limits
from tests.support.budgets import (
    LIFTS,
    budget_of,
    drop,
    edit,
    messages,
    percents,
    set_up,
    spend,
    thresholds,
)
from tests.support.house import House, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def owner(house: House) -> Member:
    return house.member("ada@example.com")


def limited(house: House, most: int) -> None:
    house.reshape(limits=Limits(budget=Limit(most, timedelta(hours=1))))


def test_after_ten_changes_in_an_hour_that_alert_by_themselves_the_next_is_refused_and_writes_nothing(
    house: House, owner: Member
) -> None:
    limited(house, 10)
    spend(house, owner, 50)
    set_up(house, owner, thresholds=())
    for number in range(1, 11):
        before = edit(house, owner, thresholds=thresholds(*range(1, number + 1))).budget
    with pytest.raises(TooManyRequests) as refused:
        edit(house, owner, thresholds=thresholds(*range(1, 12)))
    assert 0 < refused.value.retry_after <= 3600
    assert budget_of(house, owner) == replace(before, version=before.version + 1)
    assert percents(house, owner) == list(range(1, 11))
    check_invariants(house)


@pytest.mark.parametrize("change", [*LIFTS, {"amount": 500, "thresholds": thresholds(90)}])
def test_what_lifts_or_calms_is_never_refused_for_its_number(
    house: House, owner: Member, change: dict[str, Any]
) -> None:
    """Nor is what was reached before it taken for its doing."""
    limited(house, 1)
    spend(house, owner, 60)
    set_up(house, owner, limit_type="hard")
    spend(house, owner, 40)
    with pytest.raises(TooManyRequests):
        edit(house, owner, thresholds=thresholds(10))
    assert edit(house, owner, **change).is_restricted is False
    assert percents(house, owner) == [50, 80, 100]
    drop(house, owner)
    check_invariants(house)


def test_the_limit_ends_with_its_hour_and_is_the_accounts_own(house: House, owner: Member) -> None:
    limited(house, 1)
    other = house.member()
    for member in (owner, other):
        spend(house, member, 100)
        set_up(house, member)
        drop(house, member)
        with pytest.raises(TooManyRequests):
            set_up(house, member)
    house.clock.advance(hours=1)
    set_up(house, owner)
    assert len(messages(house, owner)) == 6
    check_invariants(house)
