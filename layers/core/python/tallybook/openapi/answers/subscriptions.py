"""ScaleBox's answers about plans and the subscription."""

from typing import Literal

from tallybook.domain.plan_changes import ChangeReason
from tallybook.openapi.answers.billing import Fee, Invoice
from tallybook.openapi.answers.fields import (
    AccountId,
    Amount,
    Answered,
    InvoiceId,
    Number,
    Pagination,
    PlanChangeId,
    Seconds,
    SubscriptionId,
)


class Plan(Answered):
    """A plan with its limits of one sandbox and its quotas of the whole account; a null quota is no limit."""

    plan_name: str
    """The plan's slug, like `pro`."""
    display_name: str
    description: str
    price_amount: Amount
    """The fee of a month, or of a year."""
    currency: str
    billing_interval: Literal["month", "year"]
    is_free: bool
    max_concurrent_sandboxes: Number
    max_cpu_cores_per_sandbox: Number
    max_memory_gb_per_sandbox: Number
    max_storage_gb_per_sandbox: Number
    max_sandbox_timeout_seconds: Number
    persistence_days: Number
    cpu_seconds_monthly: int | None
    ram_gb_seconds: int | None
    sandbox_storage_gb_seconds: int | None
    traffic_gb_seconds: int | None
    template_storage_gb: int | None
    concurrent_sandboxes: int | None


class PlanList(Answered):
    plans: list[Plan]


class Subscription(Answered):
    subscription_id: SubscriptionId
    account_id: AccountId
    plan_name: str
    status: Literal["active"]
    current_period_start: Seconds
    current_period_end: Seconds
    """00:00 of the period's last day, in the account's time zone."""
    created_at: Seconds
    plan: Plan


class SubscriptionData(Answered):
    subscription: Subscription


class _Change(Answered):
    account_id: AccountId
    subscription_id: SubscriptionId
    old_plan_name: str
    new_plan_name: str
    change_reason: ChangeReason
    old_period_start: Seconds
    old_period_end: Seconds
    new_period_start: Seconds
    new_period_end: Seconds
    prorated_refund_amount: Amount
    """The credit for the unused part of the old fee."""
    old_plan_price: Amount
    new_plan_price: Amount
    changed_at: Seconds


class PlanChange(_Change):
    change_id: PlanChangeId
    invoice_id: InvoiceId
    """The invoice of the ended period."""


class ChangedSubscription(Answered):
    subscription: Subscription
    change: PlanChange


class PlanChangeList(Answered):
    history: list[PlanChange]
    """Newest first."""
    pagination: Pagination


class PreviewedInvoice(Invoice):
    invoice_id: None  # type: ignore[assignment]  # an invoice that is not stored has no id
    invoice_number: None


class PlanPreview(_Change):
    """What the change would do if it were made now. Ids are null, since nothing is stored."""

    change_id: None
    invoice_id: None
    currency: str
    invoice: PreviewedInvoice
    """The invoice that the change would issue for the ended period."""
    new_subscription_fee: Fee
    """Of the new plan, for a whole month or year."""
    new_fee_invoiced_at: Seconds | None
    """When the first invoice with the new fee would be issued; null for a free plan."""
    payment_required: bool
    """Whether the change would be refused with 402."""
    payment_required_code: str | None
    """The code of that refusal."""
