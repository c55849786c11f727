"""A budget's status in the present period, and its forecast. Source: docs/money.md, "Budgets"."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from tallybook.domain.bill import project_cost
from tallybook.domain.budgets import Budget, Spending, is_restricted, percentage_used
from tallybook.domain.money import ceil_div


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """The budget with what was used in the present period."""

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
        """Micros; negative where more was used than the budget's amount."""
        return self.budget.amount - self.spent.used


@dataclass(frozen=True, slots=True)
class Forecast:
    """The cost of the whole period at the present rate, in micros, and the local day on which the budget is used up.

    `reached_on` is None where that is not in the period, or has happened already.
    """

    amount: int
    reached_on: date | None


def forecast(status: BudgetStatus, *, currency: str, now: datetime) -> Forecast:
    """The rate is what was used so far, divided by the days elapsed; the amount is the bill's projected cost."""
    spent = status.spent
    amount = project_cost(spent.used, period=spent.period, now=now, currency=currency)
    return Forecast(amount, _reached_on(status.budget, spent, now=now) if amount >= status.budget.amount else None)


def _reached_on(budget: Budget, spent: Spending, *, now: datetime) -> date | None:
    """None where it is reached already; at the latest the last day, because the rounded amount reaches the budget."""
    if spent.used >= budget.amount:
        return None
    days = ceil_div(budget.amount * spent.period.days_elapsed(now), by=spent.used)
    return spent.period.first_day + timedelta(days=min(days, spent.period.days) - 1)
