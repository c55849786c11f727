"""A budget's status in the current period, and its forecast. Source: docs/money.md, "Budgets"."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from tallybook.domain.bill import project_cost
from tallybook.domain.budgets import Budget, Spending, is_restricted, percentage_used
from tallybook.domain.money import ceil_div


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """The budget, and what was used in the current period."""

    budget: Budget
    spent: Spending

    @property
    def is_restricted(self) -> bool:
        return is_restricted(self.budget, used=self.spent.used)

    @property
    def percentage_used(self) -> Decimal:
        return percentage_used(self.budget.amount, used=self.spent.used)

    @property
    def remaining(self) -> int:
        """Micros; negative if more was used than the budget's amount."""
        return self.budget.amount - self.spent.used


@dataclass(frozen=True, slots=True)
class Forecast:
    """The cost of the whole period at the current rate, in micros, and the local day on which the budget is used up.

    `reached_on` is None if that day is after the period, or the budget is used up already.
    """

    amount: int
    reached_on: date | None


def forecast(status: BudgetStatus, *, currency: str, now: datetime) -> Forecast:
    """The rate is what was used so far, divided by the days elapsed. The amount is the bill's projected cost."""
    spent = status.spent
    amount = project_cost(spent.used, period=spent.period, now=now, currency=currency)
    return Forecast(amount, _reached_on(status.budget, spent, now=now) if amount >= status.budget.amount else None)


def _reached_on(budget: Budget, spent: Spending, *, now: datetime) -> date | None:
    """None if it is reached already; at the latest the last day, because the projected amount reaches the budget."""
    if spent.used >= budget.amount:
        return None
    days = ceil_div(budget.amount * spent.period.days_elapsed(now), by=spent.used)
    return spent.period.first_day + timedelta(days=min(days, spent.period.days) - 1)
