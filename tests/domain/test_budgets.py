"""A budget alerts once for each time that usage comes to a threshold, never twice in a day, and never too late."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tallybook.domain.budgets import (
    COOLDOWN,
    Budget,
    Checked,
    Threshold,
    check,
    check_amount,
    check_thresholds,
    is_restricted,
    percentage_used,
)
from tallybook.domain.errors import Invalid

UNIT = 1_000_000
APRIL, MAY = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
BUDGET = Budget(1, "a", 100 * UNIT, created_at=APRIL, updated_at=APRIL)


def thresholds(*percents: object) -> tuple[Threshold, ...]:
    return tuple(Threshold(Decimal(str(percent))) for percent in percents)


def looked(budget: Budget, units: object, hours: float, *, period: datetime = APRIL) -> Checked:
    """A check at so many units used, so many hours into the period."""
    return check(budget, used=int(Decimal(str(units)) * UNIT), period_start=period, now=period + timedelta(hours=hours))


def fired(checked: Checked) -> list[int | float]:
    return [float(one.percent) for one in checked.fired]


@pytest.mark.parametrize(
    ("units", "percents"),
    [(0, []), ("49.99", []), (50, [50]), ("79.99", [50]), (80, [50, 80]), (100, [50, 80, 100]), (1000, [50, 80, 100])],
)
def test_a_threshold_alerts_when_usage_reaches_it(units: object, percents: list[int]) -> None:
    assert fired(looked(BUDGET, units, 1)) == percents


def test_it_alerts_once_for_as_long_as_usage_stays_there() -> None:
    first = looked(BUDGET, 60, 1)
    again = looked(first.budget, 70, 100)
    assert (fired(again), again.due) == ([], None)
    assert fired(looked(again.budget, 80, 101)) == [80]


def test_another_crossing_within_a_day_waits_for_its_end_and_is_then_told_if_usage_is_still_there() -> None:
    first = looked(BUDGET, 50, 1)
    below = looked(replace(first.budget, amount=200 * UNIT), 50, 2)
    assert (fired(below), below.due) == ([], None), "a raised budget ends the crossing"
    back = looked(replace(below.budget, amount=100 * UNIT), 50, 3)
    assert (fired(back), back.due) == ([], APRIL + timedelta(hours=25))
    assert fired(looked(back.budget, 50, 24.99)) == []
    assert fired(looked(back.budget, 50, 25)) == [50]
    gone = looked(replace(back.budget, amount=500 * UNIT), 50, 25)
    assert (fired(gone), gone.due) == ([], None)


def test_a_crossing_after_a_day_is_told_at_once() -> None:
    first = looked(BUDGET, 50, 1)
    below = looked(replace(first.budget, amount=200 * UNIT), 50, 2)
    assert fired(looked(below.budget, 100, 25)) == [50]


def test_a_new_period_begins_anew_and_does_not_know_of_yesterday() -> None:
    last = looked(BUDGET, 100, 29 * 24 + 23)
    assert fired(looked(last.budget, 50, 1, period=MAY)) == [50]


def test_what_is_disabled_or_inactive_alerts_when_it_is_not_any_more() -> None:
    off = replace(BUDGET, thresholds=(Threshold(Decimal(50), enabled=False), Threshold(Decimal(80))))
    first = looked(off, 90, 1)
    assert fired(first) == [80]
    assert fired(looked(replace(first.budget, thresholds=thresholds(50, 80)), 90, 2)) == [50]
    idle = looked(replace(BUDGET, is_active=False), 90, 1)
    assert (fired(idle), idle.due) == ([], None)
    assert fired(looked(replace(idle.budget, is_active=True), 90, 2)) == [50, 80]


def test_a_threshold_taken_away_and_put_back_within_a_day_is_silent_until_its_end() -> None:
    first = looked(BUDGET, 50, 1)
    without = looked(replace(first.budget, thresholds=thresholds(80)), 50, 2)
    assert fired(looked(replace(without.budget, thresholds=thresholds(50, 80)), 50, 3)) == []
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
    budget = replace(BUDGET, limit_type=limit, is_active=active)  # type: ignore[arg-type]
    assert is_restricted(budget, used=int(Decimal(str(units)) * UNIT)) is restricted


@pytest.mark.parametrize(
    ("used", "amount", "shown"),
    [(42_750_000, 100 * UNIT, "42.75"), (2 * UNIT, 3 * UNIT, "66.66"), (0, UNIT, "0.00"), (3 * UNIT, UNIT, "300.00")],
)
def test_the_percentage_has_two_decimals_rounded_down(used: int, amount: int, shown: str) -> None:
    assert str(percentage_used(replace(BUDGET, amount=amount), used=used)) == shown


@pytest.mark.parametrize(
    ("percents", "told"),
    [
        (["0"], "0 must be above 0"),
        (["-5"], "-5 must be"),
        (["1000.01"], "1000.01 must be"),
        (["50.125"], "50.125 must be"),
        (["NaN"], "NaN must be"),
        (["50", "50.0"], "50.0 stands there twice"),
        ([str(number) for number in range(1, 22)], "has 21; 20 are the most"),
    ],
)
def test_a_threshold_that_can_not_be_one_is_named(percents: list[str], told: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_thresholds(thresholds(*percents))
    assert (refused.value.code, refused.value.field) == ("invalid_thresholds", "alert_thresholds")
    assert told in refused.value.message


def test_thresholds_are_kept_lowest_first() -> None:
    assert check_thresholds(thresholds(100, "0.01", 1000)) == thresholds("0.01", 100, 1000)
    assert check_thresholds(()) == ()


@pytest.mark.parametrize("amount", [0, -1, 10**21 + 1])
def test_an_amount_is_above_nothing(amount: int) -> None:
    with pytest.raises(Invalid):
        check_amount(amount)
    assert check_amount(1) == 1


@dataclass
class Reference:
    """The rule in other words: a log of what happened to one threshold, read anew at each step."""

    told: list[datetime] = field(default_factory=list)
    below_since: bool = True

    def step(self, *, reached: bool, may: bool, now: datetime) -> bool:
        if not reached:
            self.below_since = True
            return False
        if not (may and self.below_since):
            return False
        if self.told and now - self.told[-1] < timedelta(days=1):
            return False
        self.told.append(now)
        self.below_since = False
        return True


def story(seed: int, steps: int) -> Iterator[tuple[Budget, int, datetime, datetime]]:
    """A budget edited at random while usage grows through the months: what stands at each check."""
    chance = random.Random(seed)
    budget = replace(BUDGET, thresholds=thresholds(25, 50, 80, "99.5", 100, 150))
    start, now, used = APRIL, APRIL, 0
    for _ in range(steps):
        now += timedelta(seconds=chance.choice([1, 30, 300, 3600, 20_000]))
        if now >= start + timedelta(days=30):
            start, used = start + timedelta(days=30), 0
            now = max(now, start)
        used += chance.choice([0, 0, 10_000, UNIT, 3 * UNIT])
        if chance.random() < 0.05:
            budget = replace(budget, amount=chance.choice([40, 60, 100, 150, 400]) * UNIT)
        if chance.random() < 0.02:
            budget = replace(budget, is_active=not budget.is_active)
        yield budget, used, start, now


@pytest.mark.parametrize("seed", range(4))
def test_over_many_edits_and_months_it_tells_what_the_rule_in_other_words_does(seed: int) -> None:
    kept: Budget | None = None
    period: datetime | None = None
    references: dict[Decimal, Reference] = {}
    alerts = silenced = 0
    for budget, used, start, now in story(seed, 6000):
        if start != period:
            period, references = start, {one.percent: Reference() for one in budget.thresholds}
        before = budget if kept is None else replace(kept, amount=budget.amount, is_active=budget.is_active)
        checked = check(before, used=used, period_start=start, now=now)
        kept = checked.budget
        expected = [
            one.percent
            for one in budget.thresholds
            if references[one.percent].step(
                reached=used * 100 >= int(one.percent * 10) * budget.amount // 10, may=budget.is_active, now=now
            )
        ]
        assert [one.percent for one in checked.fired] == expected
        alerts += len(expected)
        silenced += checked.due is not None
        if checked.due is not None:
            assert now < checked.due <= now + COOLDOWN
    assert alerts > 100
    assert silenced > 20
