"""A budget alerts once for each time that usage comes to a threshold, never twice in a day, and never too late."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.budget_terms import (
    MOST_AMOUNT,
)
from tallybook.domain.budgets import Threshold, is_restricted, percentage_used
from tests.domain.budget_checks import APRIL, BUDGET, MAY, UNIT, fired, looked
from tests.support.budget_story import Story
from tests.support.budgets import thresholds


@pytest.mark.parametrize(
    ("units", "percents"),
    [(0, []), ("49.99", []), (50, [50]), ("79.99", [50]), (80, [50, 80]), (100, [50, 80, 100]), (1000, [50, 80, 100])],
)
def test_a_threshold_alerts_when_usage_reaches_it(units: object, percents: list[int]) -> None:
    assert fired(looked(BUDGET, units, 1)) == percents


def test_it_alerts_once_for_as_long_as_usage_stays_there() -> None:
    first = looked(BUDGET, 60, 1)
    again = looked(first.budget, 70, 100)
    assert (fired(again), again.budget.due) == ([], None)
    assert fired(looked(again.budget, 80, 101)) == [80]


def test_a_crossing_within_a_day_alerts_at_its_end_if_still_reached() -> None:
    first = looked(BUDGET, 50, 1)
    below = looked(replace(first.budget, amount=200 * UNIT), 50, 2)
    assert (fired(below), below.budget.due) == ([], None), "a raised budget ends the crossing"
    back = looked(replace(below.budget, amount=100 * UNIT), 50, 3)
    assert (fired(back), back.budget.due) == ([], APRIL + timedelta(hours=25))
    assert fired(looked(back.budget, 50, 24.99)) == []
    assert fired(looked(back.budget, 50, 25)) == [50]
    gone = looked(replace(back.budget, amount=500 * UNIT), 50, 25)
    assert (fired(gone), gone.budget.due) == ([], None)


def test_a_crossing_after_a_day_is_told_at_once() -> None:
    first = looked(BUDGET, 50, 1)
    below = looked(replace(first.budget, amount=200 * UNIT), 50, 2)
    assert fired(looked(below.budget, 100, 25)) == [50]


def test_what_is_disabled_or_inactive_alerts_when_it_is_not_any_more() -> None:
    off = replace(BUDGET, thresholds=(Threshold(Decimal(50), enabled=False), Threshold(Decimal(80))))
    first = looked(off, 90, 1)
    assert fired(first) == [80]
    assert fired(looked(replace(first.budget, thresholds=thresholds(50, 80)), 90, 2)) == [50]
    idle = looked(replace(BUDGET, is_active=False), 90, 1)
    assert (fired(idle), idle.budget.due) == ([], None)
    assert fired(looked(replace(idle.budget, is_active=True), 90, 2)) == [50, 80]


def test_a_threshold_restored_within_a_day_is_silent_until_its_end() -> None:
    first = looked(BUDGET, 50, 1)
    without = looked(replace(first.budget, thresholds=thresholds(80)), 50, 2)
    back = looked(replace(without.budget, thresholds=thresholds(50, 80)), 50, 3)
    assert (fired(back), back.budget.due) == ([], APRIL + timedelta(hours=25))
    assert fired(looked(back.budget, 50, 25)) == [50]
    later = looked(without.budget, 50, 25)
    assert set(later.budget.alerts) == set(), "it is forgotten after a day"


@pytest.mark.parametrize(
    ("units", "limit", "active", "restricted"),
    [
        ("99.99", "hard", True, False),
        (100, "hard", True, True),
        (100, "soft", True, False),
        (100, "hard", False, False),
    ],
)
def test_a_hard_active_budget_restricts_from_a_hundred_percent(
    units: object, limit: str, active: bool, restricted: bool
) -> None:
    budget = replace(BUDGET, limit_type=limit, is_active=active)
    assert is_restricted(budget, used=int(Decimal(str(units)) * UNIT)) is restricted


@pytest.mark.parametrize(
    ("used", "amount", "shown"),
    [
        (42_750_000, 100 * UNIT, "42.75"),
        (2 * UNIT, 3 * UNIT, "66.66"),
        (0, UNIT, "0.00"),
        (3 * UNIT, UNIT, "300.00"),
        (100 * UNIT - 1, 100 * UNIT, "99.99"),
        (10**21 * UNIT - 1, 1, f"{10**23 * UNIT - 100}.00"),
        (MOST_AMOUNT * UNIT - 1, MOST_AMOUNT * UNIT, "99.99"),
    ],
)
def test_the_percentage_has_two_decimals_rounded_down(used: int, amount: int, shown: str) -> None:
    assert str(percentage_used(amount, used=used)) == shown


def test_a_threshold_with_decimals_alerts_at_the_very_amount() -> None:
    budget = replace(BUDGET, amount=3 * UNIT, thresholds=thresholds("33.33", "33.34", "0.01"))
    assert fired(looked(budget, 1, 1)) == [33.33, 0.01]
    assert fired(looked(budget, "1.000199", 1)) == [33.33, 0.01]
    assert fired(looked(budget, "1.0002", 1)) == [33.33, 33.34, 0.01]


def test_a_threshold_restored_after_a_day_alerts_at_once() -> None:
    without = looked(replace(looked(BUDGET, 50, 1).budget, thresholds=thresholds(80)), 50, 2)
    later = looked(without.budget, 50, 25)
    assert fired(looked(replace(later.budget, thresholds=thresholds(50, 80)), 50, 25)) == [50]


def test_a_reached_threshold_does_not_alert_again_once_reenabled() -> None:
    first = looked(BUDGET, 50, 1)
    idle = looked(replace(first.budget, is_active=False), 50, 2)
    assert fired(looked(replace(idle.budget, is_active=True), 50, 99)) == []


def test_a_silenced_crossing_of_what_is_disabled_is_not_due_until_it_is_enabled() -> None:
    below = looked(replace(looked(BUDGET, 50, 1).budget, amount=200 * UNIT), 50, 2)
    idle = looked(replace(below.budget, amount=100 * UNIT, is_active=False), 50, 3)
    assert (fired(idle), idle.budget.due) == ([], None)
    active = looked(replace(idle.budget, is_active=True), 50, 4)
    assert (fired(active), active.budget.due) == ([], APRIL + timedelta(hours=25))
    assert fired(looked(replace(idle.budget, is_active=True), 50, 26)) == [50]


def test_a_check_that_finds_nothing_new_gives_the_very_budget_back() -> None:
    hard = replace(BUDGET, limit_type="hard")
    for units in (0, 49, 60, 100, 500):
        first = looked(hard, units, 1)
        assert looked(first.budget, units, 500).budget is first.budget
    assert looked(hard, 49, 1).budget is hard
    assert looked(hard, 49, 1, period=MAY).budget is hard


def test_over_many_edits_and_months_it_tells_what_the_rule_in_other_words_does() -> None:
    """The same story goes on for a million events in `make bench`."""
    story = Story(seed=7)
    story.run(100_000)
    least = {"alerts": 600, "silenced": 500, "edits": 1500, "restricted": 3000, "told of an ended month": 5}
    assert {name: story.counts[name] for name in least if story.counts[name] < least[name]} == {}


@pytest.mark.parametrize(
    ("terms", "limit"),
    [({}, None), ({"limit_type": "hard"}, 100 * UNIT), ({"limit_type": "hard", "is_active": False}, None)],
)
def test_only_a_hard_active_budget_is_a_limit_whatever_its_thresholds(terms: dict[str, Any], limit: int | None) -> None:
    assert replace(BUDGET, **terms).hard_limit == limit
    assert replace(BUDGET, thresholds=(), **terms).hard_limit == limit
