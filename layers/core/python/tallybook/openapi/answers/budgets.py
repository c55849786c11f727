"""ScaleBox's answers about the budget. Amounts are units of the currency."""

from tallybook.domain.budgets import LimitType, ThresholdType
from tallybook.openapi.answers.fields import (
    AccountId,
    Amount,
    Answered,
    Day,
    Email,
    NotificationId,
    Number,
    Pagination,
    Seconds,
)


class AlertThreshold(Answered):
    percent: Number
    """Of the budget's amount."""
    enabled: bool


class Budget(Answered):
    id: int
    """Counts the account's budgets."""
    account_id: AccountId
    budget_amount: Amount
    """For the current subscription period."""
    alert_thresholds: list[AlertThreshold]
    """Lowest first."""
    limit_type: LimitType
    """A hard budget that is used up stops new sessions."""
    notification_emails: list[Email]
    """Who gets alerts beside the account."""
    is_active: bool
    is_restricted: bool
    """Whether a hard budget is used up now."""
    created_at: Seconds
    updated_at: Seconds


class BudgetStatus(Answered):
    budget_id: int
    account_id: AccountId
    budget_amount: Amount
    amount_used: Amount
    percentage_used: Number
    """Two decimals, rounded down."""
    remaining_budget: Amount
    projected_amount: Amount
    """For the whole period, at the pace of the days so far."""
    projected_reached_on: Day | None
    """The day on which the budget is used up at that pace; null if it lasts."""
    limit_type: LimitType
    is_restricted: bool
    is_active: bool
    period_start: Seconds
    period_end: Seconds
    """00:00 of the period's last day, in the account's time zone."""
    alert_thresholds: list[AlertThreshold]
    check_interval_minutes: int
    cooldown_hours: int
    """A threshold does not alert again within this time."""


class BudgetMessage(Answered):
    """An alert: usage has passed a threshold."""

    id: int
    """Counts the account's messages."""
    threshold_percent: Number
    threshold_type: ThresholdType
    """`exceeded` from 100 percent."""
    usage_amount: Amount
    budget_amount: Amount
    percentage_used: Number
    notification_id: NotificationId
    email_sent: bool
    email_recipients: str
    """The addresses that the mail was sent to, joined by `, `; empty until it was sent."""
    email_subject: str
    period_start: Seconds
    period_end: Seconds
    created_at: Seconds


class BudgetMessageList(Answered):
    messages: list[BudgetMessage]
    """Newest first; empty without a budget."""
    pagination: Pagination
