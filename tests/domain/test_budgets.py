"""A budget alerts once for each time that usage comes to a threshold, never twice in a day, and never too late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.budgets import (
    MOST_AMOUNT,
    MOST_REMEMBERED,
    Alert,
    Budget,
    Checked,
    Spending,
    Threshold,
    check,
    check_amount,
    check_emails,
    check_pace,
    check_thresholds,
    is_restricted,
    percentage_used,
)
from tallybook.domain.errors import Invalid, TooManyRequests
from tallybook.domain.periods import Period
from tests.support.budget_story import Story

UNIT = 1_000_000
APRIL, MAY, JUNE = (datetime(2026, month, 1, tzinfo=UTC) for month in (4, 5, 6))
ENDS = {APRIL: MAY, MAY: JUNE}
TICK = timedelta(milliseconds=1)
BUDGET = Budget(1, "a", 100 * UNIT, created_at=APRIL, updated_at=APRIL)


def thresholds(*percents: object) -> tuple[Threshold, ...]:
    return tuple(Threshold(Decimal(str(percent))) for percent in percents)


def spent(units: object, period: datetime = APRIL) -> Spending:
    return Spending(Period(period, ENDS[period], "UTC"), int(Decimal(str(units)) * UNIT))


def looked(budget: Budget, units: object, hours: float, *, period: datetime = APRIL) -> Checked:
    """A check at so many units used, so many hours into the period."""
    return check(budget, [spent(units, period)], now=period + timedelta(hours=hours))


def looked_late(budget: Budget, april: object, may: object, hours: float) -> Checked:
    """A check so many hours into May, when nobody has seen all that was used in April."""
    return check(budget, [spent(april), spent(may, MAY)], now=MAY + timedelta(hours=hours))


def fired(checked: Checked) -> list[int | float]:
    return [float(one.percent) for reached in checked.reached for one in reached.thresholds]


def told(checked: Checked) -> list[tuple[int, list[int]]]:
    """The month of each alert, and the thresholds that alert together."""
    return [
        (one.spending.period.start.month, [int(threshold.percent) for threshold in one.thresholds])
        for one in checked.reached
    ]


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


def test_another_crossing_within_a_day_waits_for_its_end_and_is_then_told_if_usage_is_still_there() -> None:
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


def test_a_new_period_begins_anew_and_does_not_know_of_yesterday() -> None:
    last = looked(BUDGET, 100, 29 * 24 + 23)
    assert fired(looked(last.budget, 50, 1, period=MAY)) == [50]


def test_what_is_disabled_or_inactive_alerts_when_it_is_not_any_more() -> None:
    off = replace(BUDGET, thresholds=(Threshold(Decimal(50), enabled=False), Threshold(Decimal(80))))
    first = looked(off, 90, 1)
    assert fired(first) == [80]
    assert fired(looked(replace(first.budget, thresholds=thresholds(50, 80)), 90, 2)) == [50]
    idle = looked(replace(BUDGET, is_active=False), 90, 1)
    assert (fired(idle), idle.budget.due) == ([], None)
    assert fired(looked(replace(idle.budget, is_active=True), 90, 2)) == [50, 80]


def test_a_threshold_taken_away_and_put_back_within_a_day_is_silent_until_its_end() -> None:
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
    budget = replace(BUDGET, limit_type=limit, is_active=active)  # type: ignore[arg-type]
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


@pytest.mark.parametrize(
    ("percents", "place", "told"),
    [
        (["0"], 0, "0 must be above 0"),
        (["50", "-5"], 1, "-5 must be"),
        (["1000.01"], 0, "1000.01 must be"),
        (["50.125"], 0, "50.125 must be"),
        (["NaN"], 0, "NaN must be"),
        (["50", "50.0"], 1, "50.0 stands there twice"),
        ([str(number) for number in range(1, 22)], None, "has 21; 20 are the most"),
    ],
)
def test_a_threshold_that_can_not_be_one_is_named(percents: list[str], place: int | None, told: str) -> None:
    field = "alert_thresholds" if place is None else f"alert_thresholds.{place}.percent"
    with pytest.raises(Invalid) as refused:
        check_thresholds(thresholds(*percents))
    assert (refused.value.code, refused.value.field) == ("invalid_thresholds", field)
    assert told in refused.value.message


def test_thresholds_are_kept_lowest_first() -> None:
    assert check_thresholds(thresholds(100, "0.01", 1000)) == thresholds("0.01", 100, 1000)
    assert check_thresholds(()) == ()


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        ("0", "USD", "above 0"),
        ("-0.01", "USD", "above 0"),
        ("1000000000000000.01", "USD", "at most 10^15"),
        ("0.001", "USD", "at most 2 decimals"),
        ("0.5", "JPY", "at most 0 decimals"),
        ("0.0001", "KWD", "at most 3 decimals"),
    ],
)
def test_an_amount_is_above_nothing_and_has_the_decimals_of_the_currency(amount: str, currency: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_amount(Decimal(amount), currency=currency)
    assert refused.value.field == "budget_amount"
    assert told in refused.value.message


@pytest.mark.parametrize(
    ("amount", "currency", "micros"),
    [
        ("0.01", "USD", 10_000),
        ("100", "USD", 100 * UNIT),
        ("1.500", "USD", 1_500_000),
        ("1e3", "JPY", 1000 * UNIT),
        ("0.001", "KWD", 1000),
        (str(MOST_AMOUNT), "USD", MOST_AMOUNT * UNIT),
    ],
)
def test_an_amount_is_kept_in_micros(amount: str, currency: str, micros: int) -> None:
    assert check_amount(Decimal(amount), currency=currency) == micros


def test_each_address_is_kept_once_in_the_order_given() -> None:
    assert check_emails([" B@x.example", "a@x.example", "b@X.example "]) == ("b@x.example", "a@x.example")
    assert check_emails([]) == ()


def test_at_most_twenty_addresses_are_told_and_one_that_is_none_is_named() -> None:
    many = [f"{number}@x.example" for number in range(21)]
    assert len(check_emails([*many[:20], "0@X.example"])) == 20
    with pytest.raises(Invalid, match="at most 20"):
        check_emails(many)
    with pytest.raises(Invalid) as refused:
        check_emails(["a@x.example", "nobody"])
    assert refused.value.field == "notification_emails.1"


def test_a_threshold_with_decimals_alerts_at_the_very_amount() -> None:
    budget = replace(BUDGET, amount=3 * UNIT, thresholds=thresholds("33.33", "33.34", "0.01"))
    assert fired(looked(budget, 1, 1)) == [33.33, 0.01]
    assert fired(looked(budget, "1.000199", 1)) == [33.33, 0.01]
    assert fired(looked(budget, "1.0002", 1)) == [33.33, 33.34, 0.01]


def test_a_threshold_that_was_taken_away_and_put_back_after_a_day_alerts_at_once() -> None:
    without = looked(replace(looked(BUDGET, 50, 1).budget, thresholds=thresholds(80)), 50, 2)
    later = looked(without.budget, 50, 25)
    assert fired(looked(replace(later.budget, thresholds=thresholds(50, 80)), 50, 25)) == [50]


def test_what_is_disabled_while_it_holds_does_not_alert_again_when_it_is_enabled() -> None:
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


def test_a_restricted_budget_is_due_where_its_period_ends_or_a_silence_before_that() -> None:
    hard = replace(BUDGET, limit_type="hard")
    over = looked(hard, 100, 1)
    assert (over.budget.restricted, over.budget.due) == (True, MAY)
    raised = looked(replace(over.budget, amount=200 * UNIT), 100, 2)
    assert (raised.budget.restricted, raised.budget.due) == (False, None)
    back = looked(replace(raised.budget, amount=100 * UNIT), 100, 3)
    assert (back.budget.restricted, back.budget.due) == (True, APRIL + timedelta(hours=25))
    told = looked(back.budget, 100, 25)
    assert (fired(told), told.budget.due) == ([80, 100], MAY), "that of 50 never ended"
    new = looked(told.budget, 0, 0, period=MAY)
    assert (new.budget.restricted, new.budget.due) == (False, None)


def test_a_silence_that_ends_after_the_period_leaves_a_restricted_budget_due_at_its_end() -> None:
    hard, hours = replace(BUDGET, limit_type="hard"), 29 * 24.0
    over = looked(hard, 100, hours)
    below = looked(replace(over.budget, amount=200 * UNIT), 100, hours + 1)
    back = looked(replace(below.budget, amount=100 * UNIT), 100, hours + 2)
    assert back.budget.due == MAY
    soft = looked(replace(back.budget, limit_type="soft"), 100, hours + 3)
    assert soft.budget.due == MAY, "the silence ends at the very same instant"


def test_what_was_reached_in_a_period_that_has_ended_is_told_once_and_then_the_present_one_is_its_own() -> None:
    late = looked_late(BUDGET, april=80, may=50, hours=5)
    assert told(late) == [(4, [50, 80]), (5, [50])]
    again = looked_late(late.budget, april=100, may=60, hours=6)
    assert told(again) == [], "it has alerted in May"
    assert (again.budget is late.budget, late.budget.period_start) == (True, MAY)


def test_what_was_told_of_an_ended_period_is_not_told_again_though_nothing_is_in_the_present_one() -> None:
    late = looked_late(BUDGET, april=80, may=0, hours=5)
    assert told(late) == [(4, [50, 80])]
    assert told(looked_late(late.budget, april=80, may=0, hours=6)) == []


def test_an_ended_period_knows_what_it_had_alerted() -> None:
    first = looked(BUDGET, 50, 700)
    assert told(looked_late(first.budget, april=80, may=1, hours=5)) == [(4, [80])]


def test_an_ended_period_is_judged_as_of_its_end() -> None:
    """So that what was silent until later is not told, and the new period has its own 24 hours."""
    hours = 29 * 24.0
    for so_far, expected in ((hours, []), (hours - 0.001, [(4, [50])])):
        below = looked(replace(looked(BUDGET, 50, so_far).budget, amount=200 * UNIT), 50, so_far + 0.01)
        back = looked(replace(below.budget, amount=100 * UNIT), 50, so_far + 0.02)
        assert told(looked_late(back.budget, april=50, may=0, hours=72)) == expected
    late = looked_late(BUDGET, april=50, may=50, hours=1)
    assert [alert.at for alert in late.budget.alerts.values()] == [MAY + timedelta(hours=1)]


def test_an_ended_period_is_judged_by_no_budget_that_was_set_since() -> None:
    for since, expected in ((MAY - TICK, [(4, [50, 80, 100])]), (MAY, []), (MAY + TICK, [])):
        assert told(looked_late(replace(BUDGET, updated_at=since), april=100, may=0, hours=5)) == expected


def test_of_several_ended_periods_each_is_told() -> None:
    spending = [spent(60), spent(100, MAY), Spending(Period(JUNE, datetime(2026, 7, 1, tzinfo=UTC), "UTC"), 50 * UNIT)]
    checked = check(BUDGET, spending, now=JUNE + timedelta(hours=1))
    assert told(checked) == [(4, [50]), (5, [50, 80, 100]), (6, [50])]


def test_a_hard_limit_of_an_ended_period_restricts_nothing_now() -> None:
    late = looked_late(replace(BUDGET, limit_type="hard"), april=100, may=0, hours=5)
    assert told(late) == [(4, [50, 80, 100])]
    assert [one.budget.restricted for one in late.reached] == [True]
    assert (late.budget.restricted, late.budget.due) == (False, None)


def test_the_instant_that_a_period_ends_is_the_next_ones() -> None:
    edge = [spent(100), spent(0, MAY)]
    assert told(check(BUDGET, edge[:1], now=MAY - TICK)) == [(4, [50, 80, 100])]
    assert told(check(BUDGET, edge, now=MAY)) == [(4, [50, 80, 100])]
    assert [alert.at for alert in check(BUDGET, edge[:1], now=MAY).budget.alerts.values()] == [MAY - TICK] * 3


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


def test_a_percent_is_kept_with_two_decimals_however_many_zeros_it_is_sent_with() -> None:
    (kept,) = check_thresholds([Threshold(Decimal("50." + "0" * 60))])
    assert str(kept.percent) == "50.00"


def alerted(number: int, *, at: datetime = APRIL) -> dict[Decimal, Alert]:
    return {Decimal(percent): Alert(at, holds=False) for percent in range(1, number + 1)}


def test_as_many_thresholds_as_may_be_remembered_may_follow_each_other() -> None:
    now = APRIL + timedelta(hours=3)
    before = replace(BUDGET, thresholds=(), alerts=alerted(MOST_REMEMBERED - 2))
    check_pace(before, replace(before, thresholds=thresholds(500, 600)), now=now)
    with pytest.raises(TooManyRequests) as refused:
        check_pace(before, replace(before, thresholds=thresholds(500, 600, 700)), now=now)
    assert refused.value.retry_after == 21 * 3600


def test_beyond_that_only_new_ones_are_refused() -> None:
    now = APRIL + timedelta(hours=3)
    before = replace(BUDGET, thresholds=thresholds(*range(1, 21)), alerts=alerted(MOST_REMEMBERED + 20))
    for fewer in (thresholds(), thresholds(7), thresholds(7, 90)):
        check_pace(before, replace(before, thresholds=fewer, amount=1), now=now)
    with pytest.raises(TooManyRequests):
        check_pace(before, replace(before, thresholds=thresholds(7, 500)), now=now)


def test_who_waits_as_long_as_told_is_not_refused_again() -> None:
    before = replace(
        BUDGET,
        thresholds=thresholds(500),
        alerts=alerted(MOST_REMEMBERED, at=APRIL + timedelta(hours=47)) | {Decimal(500): Alert(APRIL, holds=True)},
    )
    now, after = APRIL + timedelta(hours=48), replace(before, thresholds=thresholds(500, 600))
    with pytest.raises(TooManyRequests) as refused:
        check_pace(before, after, now=now)
    later = now + timedelta(seconds=refused.value.retry_after)
    forgotten = check(before, [spent(0)], now=later).budget
    check_pace(forgotten, replace(forgotten, thresholds=after.thresholds), now=later)


def test_a_period_before_the_one_that_was_looked_at_is_judged_no_more_even_where_the_clock_says_it_is_the_present() -> (
    None
):
    late = replace(BUDGET, period_start=MAY)
    checked = check(late, [spent(100)], now=MAY - TICK)
    assert (checked.budget, checked.reached) == (late, ())
