"""Accounts with budgets: set and changed by a root user, spent, checked, and the messages that followed."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from tallybook.domain.admission import Reason
from tallybook.domain.budget_messages import BudgetMessage
from tallybook.domain.budget_status import BudgetStatus
from tallybook.domain.budgets import Budget, Threshold
from tallybook.domain.credentials import Principal
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.domain.periods import period_of
from tallybook.services.budgets.budget import change_budget, create_budget, remove_budget
from tallybook.services.budgets.check import check_budget
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import run_task
from tallybook.store import keys
from tallybook.store.budgets import read_budget, read_message
from tests.support.allocations import audit_entries
from tests.support.app import HERE, App, Member

UNIT = 1_000_000
_QUANTITY_OF_ONE_UNIT = 50_000  # traffic GB-seconds that cost 1.00


LIFTS: list[dict[str, Any]] = [
    {"amount": "100.01"},
    {"limit_type": "soft"},
    {"is_active": False},
]
"""Each ends a restriction of a budget of 100 of which 100 are used."""


def thresholds(*percents: object) -> tuple[Threshold, ...]:
    return tuple(Threshold(Decimal(str(percent))) for percent in percents)


def usage_worth(app: App, member: Member, units: object, **changes: Any) -> dict[str, Any]:
    """A usage event now that costs this many units of the currency."""
    quantity = str(Decimal(str(units)) * _QUANTITY_OF_ONE_UNIT)
    return app.event(member, meter="traffic_gb_seconds", quantity=quantity, **changes)


def spend(app: App, member: Member, units: object, **changes: Any) -> None:
    (result,) = app.record(usage_worth(app, member, units, **changes))
    assert result.status == "accepted"


def root_principal(app: App, member: Member) -> Principal:
    """Authenticated by an API key, which does not expire as a session does."""
    return authenticate(app.ctx, member.api_key, address=HERE)


def set_up_budget(app: App, member: Member, ctx: Context | None = None, **terms: Any) -> BudgetStatus:
    """A budget of 100 units unless `terms` say otherwise; `amount` may be any number."""
    return create_budget(ctx or app.ctx, root_principal(app, member), _terms({"amount": 100, **terms}))


def member_with_budget(app: App, amount: object = 100, *, email: str | None = None, **terms: Any) -> Member:
    """An account with a budget of this amount."""
    member = app.member(email)
    set_up_budget(app, member, amount=amount, **terms)
    return member


def edit_budget(app: App, member: Member, ctx: Context | None = None, **changes: Any) -> BudgetStatus:
    return change_budget(ctx or app.ctx, root_principal(app, member), _terms(changes))


def remove_budget_of(app: App, member: Member, ctx: Context | None = None) -> None:
    remove_budget(ctx or app.ctx, root_principal(app, member))


def run_usage_check(app: App, ctx: Context | None = None) -> list[str]:
    """Run all due tasks, as the job does."""
    return [word for task in list(due_tasks(app.ctx, USAGE_CHECK)) for word in run_task(ctx or app.ctx, task)]


def check_from_stream(app: App, member: Member) -> int:
    """The check that the stream starts; the dirty mark is left to the sweep."""
    return check_budget(app.ctx, member.account.id)


def end_of_period(app: App, member: Member) -> datetime:
    return period_of(app.account_of(member).schedule, app.clock.now()).end


def due_kinds(app: App) -> list[str]:
    """The kinds of the tasks that are due now."""
    return sorted(task.kind for task in due_tasks(app.ctx, USAGE_CHECK))


def budget_of(app: App, member: Member) -> Budget | None:
    item = app.ctx.tables.get(keys.budget(member.account.id))
    return read_budget(item) if item else None


def messages_of(app: App, member: Member) -> list[BudgetMessage]:
    """All messages of the account's budgets, oldest first."""
    found = [read_message(item) for item in app.stored("core", "MESSAGE#") if item["account_id"] == member.account.id]
    return sorted(found, key=lambda message: message.number)


def alerted_percents(app: App, member: Member) -> list[float]:
    return [float(message.threshold.percent) for message in messages_of(app, member)]


def recipients_of_messages(app: App, member: Member) -> list[tuple[str, ...]]:
    """The recipients of each message's mail, oldest message first."""
    return [message.recipients for message in messages_of(app, member)]


def budget_actions(app: App, member: Member) -> list[str]:
    """The audit log's actions of budgets without `budget.`, oldest first."""
    found = [entry["action"] for entry in audit_entries(app, member.account.id)]
    return [action.removeprefix("budget.") for action in found if action.startswith("budget.")]


def _terms(values: dict[str, Any]) -> dict[str, Any]:
    return {name: Decimal(str(value)) if name == "amount" else value for name, value in values.items()}


def restricted_reason(limit: str = "100", current: str = "100") -> Reason:
    return Reason("budget_restricted", Decimal(limit), Decimal(current))
