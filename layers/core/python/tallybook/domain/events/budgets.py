"""Events about budgets."""

from tallybook.domain.budget_messages import BudgetMessage
from tallybook.domain.budgets import Budget, Spending, percentage_used
from tallybook.domain.emails import mailbox
from tallybook.domain.ids import ACCOUNT, NOTIFICATION
from tallybook.domain.outbox import BusEvent
from tallybook.domain.times import stamp
from tallybook.domain.usage import decimal_text


def budget_set(budget: Budget) -> BusEvent:
    """A budget was created or changed."""
    data = {
        **_budget(budget),
        "thresholds": [{"percent": decimal_text(one.percent), "enabled": one.enabled} for one in budget.thresholds],
        "limit_type": budget.limit_type,
        "notification_emails": [mailbox(email) for email in budget.emails],
        "is_active": budget.is_active,
    }
    return BusEvent("BudgetSet", data)


def budget_deleted(budget: Budget) -> BusEvent:
    return BusEvent("BudgetDeleted", {"account_id": ACCOUNT + budget.account_id, "budget_id": budget.number})


def threshold_reached(message: BudgetMessage) -> BusEvent:
    """A threshold alerted; thresholds that alert together have the same `notification_id`."""
    data = {
        "account_id": ACCOUNT + message.account_id,
        "budget_id": message.budget,
        "message_id": message.number,
        "notification_id": NOTIFICATION + message.notification_id,
        "threshold_percent": decimal_text(message.threshold.percent),
        "threshold_type": message.threshold.type,
        "used": message.used,
        "budget_amount": message.amount,
        "percentage_used": decimal_text(percentage_used(message.amount, used=message.used)),
        "period_start": stamp(message.period.start),
        "period_end": stamp(message.period.end),
    }
    return BusEvent("BudgetThresholdReached", data)


def budget_restricted(budget: Budget, spent: Spending) -> BusEvent:
    """A hard budget is used up. Sessions are refused from the acceptance of that usage on, before this event."""
    return BusEvent("BudgetRestricted", _with_spending(budget, spent))


def restriction_lifted(budget: Budget, spent: Spending) -> BusEvent:
    """Sessions start again: the budget was raised, made soft, disabled or deleted, or a new period began."""
    return BusEvent("BudgetRestrictionLifted", _with_spending(budget, spent))


def _with_spending(budget: Budget, spent: Spending) -> dict[str, object]:
    return {
        **_budget(budget),
        "used": spent.used,
        "period_start": stamp(spent.period.start),
        "period_end": stamp(spent.period.end),
    }


def _budget(budget: Budget) -> dict[str, object]:
    return {
        "account_id": ACCOUNT + budget.account_id,
        "budget_id": budget.number,
        "budget_amount": budget.amount,
    }
