"""A budget as it stands in the present period, and what is to be expected of it. Source: ScaleBox budgets, "Get Budget
Status". The forecast is ours.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from tallybook.domain.bill import project_cost
from tallybook.domain.budgets import Budget, Spending, is_restricted, percentage_used
from tallybook.domain.money import ceil_div


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """The budget with what is used of it in the present period."""

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
        """Negative where more was used than the budget."""
        return self.budget.amount - self.spent.used


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the period comes to at the present rate, in micros, and the local day on which that reaches the budget, None
    where it won't within the period or has already.
    """

    amount: int
    reached_on: date | None


def forecast(status: BudgetStatus, *, currency: str, now: datetime) -> Forecast:
    """The rate is what was used so far by the days elapsed; the amount is the bill's projected cost."""
    spent = status.spent
    amount = project_cost(spent.used, period=spent.period, now=now, currency=currency)
    return Forecast(amount, _reached_on(status.budget, spent, now=now) if amount >= status.budget.amount else None)


def _reached_on(budget: Budget, spent: Spending, *, now: datetime) -> date | None:
    """None where it is reached already; at the latest the last day, for what is shown to come to it does."""
    if spent.used >= budget.amount:
        return None
    days = ceil_div(budget.amount * spent.period.days_elapsed(now), by=spent.used)
    return spent.period.first_day + timedelta(days=min(days, spent.period.days) - 1)
