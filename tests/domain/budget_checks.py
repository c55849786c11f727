"""A budget of 100 for April, and its evaluation at a given usage and hour."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tallybook.domain.budgets import Budget, Evaluation, Spending, evaluate
from tallybook.domain.periods import Period

UNIT = 1_000_000
APRIL, MAY, JUNE = (datetime(2026, month, 1, tzinfo=UTC) for month in (4, 5, 6))
ENDS = {APRIL: MAY, MAY: JUNE}
TICK = timedelta(milliseconds=1)
BUDGET = Budget(1, "a", 100 * UNIT, created_at=APRIL, updated_at=APRIL)


def spent(units: object, period: datetime = APRIL) -> Spending:
    return Spending(Period(period, ENDS[period], "UTC"), int(Decimal(str(units)) * UNIT))


def evaluate_at(budget: Budget, units: object, hours: float, *, period: datetime = APRIL) -> Evaluation:
    """Evaluate with `units` used, `hours` after the period's start."""
    return evaluate(budget, [spent(units, period)], now=period + timedelta(hours=hours))


def alerted_percents(checked: Evaluation) -> list[int | float]:
    return [float(one.percent) for alert in checked.alerts for one in alert.thresholds]
