"""A budget at the end of a period: late alerts of the ended period, and a fresh start in the next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tallybook.domain.budgets import Budget, Evaluation, Spending, evaluate
from tallybook.domain.periods import Period
from tests.domain.budget_checks import APRIL, BUDGET, JUNE, MAY, TICK, UNIT, alerted_percents, evaluate_at, spent


def evaluate_late(budget: Budget, april: object, may: object, hours: float) -> Evaluation:
    """Evaluate `hours` into May, when April's last usage was not checked before."""
    return evaluate(budget, [spent(april), spent(may, MAY)], now=MAY + timedelta(hours=hours))


def alerts_by_month(checked: Evaluation) -> list[tuple[int, list[int]]]:
    """The month of each alert, and the thresholds that alert together."""
    return [
        (one.spending.period.start.month, [int(threshold.percent) for threshold in one.thresholds])
        for one in checked.alerts
    ]


def test_a_new_period_alerts_again_however_recent_the_last_alert() -> None:
    last = evaluate_at(BUDGET, 100, 29 * 24 + 23)
    assert alerted_percents(evaluate_at(last.budget, 50, 1, period=MAY)) == [50]


def test_a_restricted_budget_is_due_at_its_cooldowns_or_periods_end() -> None:
    hard = replace(BUDGET, limit_type="hard")
    over = evaluate_at(hard, 100, 1)
    assert (over.budget.restricted, over.budget.due) == (True, MAY)
    raised = evaluate_at(replace(over.budget, amount=200 * UNIT), 100, 2)
    assert (raised.budget.restricted, raised.budget.due) == (False, None)
    back = evaluate_at(replace(raised.budget, amount=100 * UNIT), 100, 3)
    assert (back.budget.restricted, back.budget.due) == (True, APRIL + timedelta(hours=25))
    repeated = evaluate_at(back.budget, 100, 25)
    assert (alerted_percents(repeated), repeated.budget.due) == ([80, 100], MAY), "the crossing of 50 never ended"
    new = evaluate_at(repeated.budget, 0, 0, period=MAY)
    assert (new.budget.restricted, new.budget.due) == (False, None)


def test_a_cooldown_past_the_period_leaves_the_budget_due_at_its_end() -> None:
    hard, hours = replace(BUDGET, limit_type="hard"), 29 * 24.0
    over = evaluate_at(hard, 100, hours)
    below = evaluate_at(replace(over.budget, amount=200 * UNIT), 100, hours + 1)
    back = evaluate_at(replace(below.budget, amount=100 * UNIT), 100, hours + 2)
    assert back.budget.due == MAY
    soft = evaluate_at(replace(back.budget, limit_type="soft"), 100, hours + 3)
    assert soft.budget.due == MAY, "the cooldown ends at the same instant"


def test_an_ended_period_alerts_once_before_the_current_one() -> None:
    late = evaluate_late(BUDGET, april=80, may=50, hours=5)
    assert alerts_by_month(late) == [(4, [50, 80]), (5, [50])]
    again = evaluate_late(late.budget, april=100, may=60, hours=6)
    assert alerts_by_month(again) == [], "May's threshold has alerted already"
    assert (again.budget is late.budget, late.budget.period_start) == (True, MAY)


def test_an_ended_periods_alert_is_not_repeated_in_an_empty_period() -> None:
    late = evaluate_late(BUDGET, april=80, may=0, hours=5)
    assert alerts_by_month(late) == [(4, [50, 80])]
    assert alerts_by_month(evaluate_late(late.budget, april=80, may=0, hours=6)) == []


def test_an_ended_period_does_not_repeat_its_own_alerts() -> None:
    first = evaluate_at(BUDGET, 50, 700)
    assert alerts_by_month(evaluate_late(first.budget, april=80, may=1, hours=5)) == [(4, [80])]


def test_an_ended_period_is_evaluated_as_of_its_end() -> None:
    """So a cooldown that was still running stays silent, and the new period has its own 24 hours."""
    hours = 29 * 24.0
    for so_far, expected in ((hours, []), (hours - 0.001, [(4, [50])])):
        below = evaluate_at(replace(evaluate_at(BUDGET, 50, so_far).budget, amount=200 * UNIT), 50, so_far + 0.01)
        back = evaluate_at(replace(below.budget, amount=100 * UNIT), 50, so_far + 0.02)
        assert alerts_by_month(evaluate_late(back.budget, april=50, may=0, hours=72)) == expected
    late = evaluate_late(BUDGET, april=50, may=50, hours=1)
    assert [alert.at for alert in late.budget.alerts.values()] == [MAY + timedelta(hours=1)]


def test_an_ended_period_does_not_alert_for_a_budget_set_later() -> None:
    for since, expected in ((MAY - TICK, [(4, [50, 80, 100])]), (MAY, []), (MAY + TICK, [])):
        assert alerts_by_month(evaluate_late(replace(BUDGET, updated_at=since), april=100, may=0, hours=5)) == expected


def test_each_of_several_ended_periods_alerts() -> None:
    spending = [spent(60), spent(100, MAY), Spending(Period(JUNE, datetime(2026, 7, 1, tzinfo=UTC), "UTC"), 50 * UNIT)]
    checked = evaluate(BUDGET, spending, now=JUNE + timedelta(hours=1))
    assert alerts_by_month(checked) == [(4, [50]), (5, [50, 80, 100]), (6, [50])]


def test_a_hard_limit_of_an_ended_period_does_not_restrict_now() -> None:
    late = evaluate_late(replace(BUDGET, limit_type="hard"), april=100, may=0, hours=5)
    assert alerts_by_month(late) == [(4, [50, 80, 100])]
    assert [one.budget.restricted for one in late.alerts] == [True]
    assert (late.budget.restricted, late.budget.due) == (False, None)


def test_a_periods_end_instant_belongs_to_the_next_period() -> None:
    edge = [spent(100), spent(0, MAY)]
    assert alerts_by_month(evaluate(BUDGET, edge[:1], now=MAY - TICK)) == [(4, [50, 80, 100])]
    assert alerts_by_month(evaluate(BUDGET, edge, now=MAY)) == [(4, [50, 80, 100])]
    assert [alert.at for alert in evaluate(BUDGET, edge[:1], now=MAY).budget.alerts.values()] == [MAY - TICK] * 3


def test_a_clock_before_the_last_checked_period_evaluates_nothing() -> None:
    late = replace(BUDGET, period_start=MAY)
    checked = evaluate(late, [spent(100)], now=MAY - TICK)
    assert (checked.budget, checked.alerts) == (late, ())
