"""A budget at the end of a period: what is told of the ended one, and that the next begins anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tallybook.domain.budgets import Budget, Evaluation, Spending, evaluate
from tallybook.domain.periods import Period
from tests.domain.budget_checks import APRIL, BUDGET, JUNE, MAY, TICK, UNIT, fired, looked, spent


def looked_late(budget: Budget, april: object, may: object, hours: float) -> Evaluation:
    """A check so many hours into May, when nobody has seen all that was used in April."""
    return evaluate(budget, [spent(april), spent(may, MAY)], now=MAY + timedelta(hours=hours))


def told(checked: Evaluation) -> list[tuple[int, list[int]]]:
    """The month of each alert, and the thresholds that alert together."""
    return [
        (one.spending.period.start.month, [int(threshold.percent) for threshold in one.thresholds])
        for one in checked.alerts
    ]


def test_a_new_period_begins_anew_and_does_not_know_of_yesterday() -> None:
    last = looked(BUDGET, 100, 29 * 24 + 23)
    assert fired(looked(last.budget, 50, 1, period=MAY)) == [50]


def test_a_restricted_budget_is_due_at_its_silence_or_period_end() -> None:
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


def test_a_silence_past_the_period_leaves_the_budget_due_at_its_end() -> None:
    hard, hours = replace(BUDGET, limit_type="hard"), 29 * 24.0
    over = looked(hard, 100, hours)
    below = looked(replace(over.budget, amount=200 * UNIT), 100, hours + 1)
    back = looked(replace(below.budget, amount=100 * UNIT), 100, hours + 2)
    assert back.budget.due == MAY
    soft = looked(replace(back.budget, limit_type="soft"), 100, hours + 3)
    assert soft.budget.due == MAY, "the silence ends at the very same instant"


def test_an_ended_periods_alert_comes_once_then_the_present_one_counts() -> None:
    late = looked_late(BUDGET, april=80, may=50, hours=5)
    assert told(late) == [(4, [50, 80]), (5, [50])]
    again = looked_late(late.budget, april=100, may=60, hours=6)
    assert told(again) == [], "it has alerted in May"
    assert (again.budget is late.budget, late.budget.period_start) == (True, MAY)


def test_an_ended_periods_alert_is_not_repeated_in_an_empty_one() -> None:
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
    checked = evaluate(BUDGET, spending, now=JUNE + timedelta(hours=1))
    assert told(checked) == [(4, [50]), (5, [50, 80, 100]), (6, [50])]


def test_a_hard_limit_of_an_ended_period_restricts_nothing_now() -> None:
    late = looked_late(replace(BUDGET, limit_type="hard"), april=100, may=0, hours=5)
    assert told(late) == [(4, [50, 80, 100])]
    assert [one.budget.restricted for one in late.alerts] == [True]
    assert (late.budget.restricted, late.budget.due) == (False, None)


def test_the_instant_that_a_period_ends_is_the_next_ones() -> None:
    edge = [spent(100), spent(0, MAY)]
    assert told(evaluate(BUDGET, edge[:1], now=MAY - TICK)) == [(4, [50, 80, 100])]
    assert told(evaluate(BUDGET, edge, now=MAY)) == [(4, [50, 80, 100])]
    assert [alert.at for alert in evaluate(BUDGET, edge[:1], now=MAY).budget.alerts.values()] == [MAY - TICK] * 3


def test_a_clock_behind_the_last_checked_period_judges_nothing() -> None:
    late = replace(BUDGET, period_start=MAY)
    checked = evaluate(late, [spent(100)], now=MAY - TICK)
    assert (checked.budget, checked.alerts) == (late, ())
