"""The budget, its status and its messages. Source: ScaleBox budgets.

The forecast (`projected_amount`, `projected_reached_on`) is Tallybook's addition.
"""

from datetime import timedelta

from tallybook.domain.budget_messages import SUBJECT, BudgetMessage
from tallybook.domain.budget_status import BudgetStatus, Forecast
from tallybook.domain.budgets import CHECK_EVERY, COOLDOWN, Budget, percentage_used
from tallybook.domain.ids import ACCOUNT, NOTIFICATION
from tallybook.wire.response import amount, number, seconds
from tallybook.wire.scalebox.envelope import period_fields


def present_budget(status: BudgetStatus) -> dict[str, object]:
    budget = status.budget
    return {
        "id": budget.number,
        "account_id": ACCOUNT + budget.account_id,
        "budget_amount": amount(budget.amount),
        "alert_thresholds": _thresholds(budget),
        "limit_type": budget.limit_type,
        "notification_emails": list(budget.emails),
        "is_active": budget.is_active,
        "is_restricted": status.is_restricted,
        "created_at": seconds(budget.created_at),
        "updated_at": seconds(budget.updated_at),
    }


def present_budget_status(status: BudgetStatus, forecast: Forecast) -> dict[str, object]:
    budget = status.budget
    return {
        "budget_id": budget.number,
        "account_id": ACCOUNT + budget.account_id,
        "budget_amount": amount(budget.amount),
        "amount_used": amount(status.spent.used),
        "percentage_used": number(status.percentage_used),
        "remaining_budget": amount(status.remaining),
        "projected_amount": amount(forecast.amount),
        "projected_reached_on": forecast.reached_on and forecast.reached_on.isoformat(),
        "limit_type": budget.limit_type,
        "is_restricted": status.is_restricted,
        "is_active": budget.is_active,
        **period_fields(status.spent.period),
        "alert_thresholds": _thresholds(budget),
        "check_interval_minutes": CHECK_EVERY // timedelta(minutes=1),
        "cooldown_hours": COOLDOWN // timedelta(hours=1),
    }


def present_budget_message(message: BudgetMessage) -> dict[str, object]:
    """`email_recipients` are the addresses that the mail was sent to, joined by ", "; empty until it was sent."""
    return {
        "id": message.number,
        "threshold_percent": number(message.threshold.percent),
        "threshold_type": message.threshold.type,
        "usage_amount": amount(message.used),
        "budget_amount": amount(message.amount),
        "percentage_used": number(percentage_used(message.amount, used=message.used)),
        "notification_id": NOTIFICATION + message.notification_id,
        "email_sent": bool(message.recipients),
        "email_recipients": ", ".join(message.recipients),
        "email_subject": SUBJECT,
        **period_fields(message.period),
        "created_at": seconds(message.created_at),
    }


def _thresholds(budget: Budget) -> list[dict[str, object]]:
    return [{"percent": number(one.percent), "enabled": one.enabled} for one in budget.thresholds]
