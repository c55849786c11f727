"""Budgets in the tests' house: set and changed by a root user, used up, and what was told of it."""

from decimal import Decimal
from typing import Any

from tallybook.domain.budget_messages import BudgetMessage
from tallybook.domain.budget_status import BudgetStatus
from tallybook.domain.budgets import Budget, Threshold
from tallybook.domain.credentials import Principal
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.services.authenticate import authenticate
from tallybook.services.budgets import change_budget, create_budget, remove_budget
from tallybook.services.check_usage import carry_out
from tallybook.services.context import Context
from tallybook.services.tasks import due_tasks
from tallybook.store import keys
from tallybook.store.budgets import read_budget, read_message
from tests.support.house import HERE, House, Member
from tests.support.shares import entries

UNIT = 1_000_000
_UNIT_OF_USAGE = 1000
"""CPU seconds at the price that `cheap` gives them: a thousandth."""


def cheap(house: House, **limits: int) -> None:
    """Of CPU seconds, a thousand cost one unit of the currency; the free plan has these limits."""
    known = house.catalog_data()
    known["meters"]["cpu_seconds"]["prices"] = [{"model": "per_unit", "unit_price": "0.001"}]
    known["plans"]["hobby"]["limits"] |= limits
    house.apply_catalog(meters=known["meters"], plans=known["plans"])


def thresholds(*percents: object) -> tuple[Threshold, ...]:
    return tuple(Threshold(Decimal(str(percent))) for percent in percents)


def spend(house: House, member: Member, units: object) -> None:
    """So many units of the currency, by one event of now."""
    quantity = str(Decimal(str(units)) * _UNIT_OF_USAGE)
    (result,) = house.record(house.event(member, quantity=quantity))
    assert result.status == "accepted"


def root(house: House, member: Member) -> Principal:
    """By an API key, which holds for months."""
    return authenticate(house.ctx, member.api_key, address=HERE)


def set_up(house: House, member: Member, ctx: Context | None = None, **terms: Any) -> BudgetStatus:
    """A budget of 100 units, or of others; a number stands for the amount that it is."""
    return create_budget(ctx or house.ctx, root(house, member), _terms({"amount": 100, **terms}))


def edit(house: House, member: Member, ctx: Context | None = None, **changes: Any) -> BudgetStatus:
    return change_budget(ctx or house.ctx, root(house, member), _terms(changes))


def drop(house: House, member: Member, ctx: Context | None = None) -> None:
    remove_budget(ctx or house.ctx, root(house, member))


def look(house: House, ctx: Context | None = None) -> list[str]:
    """All that is due, as the job does it."""
    return [word for task in list(due_tasks(house.ctx, USAGE_CHECK)) for word in carry_out(ctx or house.ctx, task)]


def due(house: House) -> list[str]:
    """The kinds of what is due now."""
    return sorted(task.kind for task in due_tasks(house.ctx, USAGE_CHECK))


def budget_of(house: House, member: Member) -> Budget | None:
    item = house.ctx.tables.get(keys.budget(member.account.id))
    return read_budget(item) if item else None


def messages(house: House, member: Member) -> list[BudgetMessage]:
    """All that its budgets ever told, oldest first."""
    found = [read_message(item) for item in house.stored("core", "MESSAGE#") if item["account_id"] == member.account.id]
    return sorted(found, key=lambda message: message.number)


def percents(house: House, member: Member) -> list[float]:
    return [float(message.threshold.percent) for message in messages(house, member)]


def actions(house: House, member: Member) -> list[str]:
    """What is on record of its budgets, in order."""
    found = [entry["action"] for entry in entries(house, member.account.id)]
    return [action.removeprefix("budget.") for action in found if action.startswith("budget.")]


def _terms(named: dict[str, Any]) -> dict[str, Any]:
    return {name: Decimal(str(value)) if name == "amount" else value for name, value in named.items()}
