"""ScaleBox's answers about bills, periods and invoices. Amounts are units of the currency, with its decimals."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from tallybook.domain.invoice_lines import LineType
from tallybook.domain.invoices import InvoiceStatus, PaymentMethod
from tallybook.openapi.answers.fields import (
    ID_SHAPE,
    AccountId,
    Amount,
    Answered,
    Day,
    DecimalText,
    InvoiceId,
    Number,
    Pagination,
    Seconds,
    UserId,
)

_PeriodId = Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^(current|inv-{ID_SHAPE})$"})]


class InvoiceLineDetail(Answered):
    meter: str
    sku: str | None
    quantity: DecimalText
    """Exact, as decimal text."""
    amount: Amount


class InvoiceLine(Answered):
    description: str
    quantity: int
    unit_price: Amount
    amount: Amount
    """Negative for a discount or a credit."""
    type: LineType
    details: list[InvoiceLineDetail] = Field(default_factory=list)
    """What a usage line bills, by meter and SKU; absent from other lines."""


class Invoice(Answered):
    """An invoice, or the draft of the open period. A field that has no value yet is null."""

    invoice_id: InvoiceId
    account_id: AccountId
    billing_period_start: Seconds
    billing_period_end: Seconds
    """00:00 of the period's last day, in the account's time zone."""
    subtotal: Amount
    """The sum of the lines."""
    tax_amount: Amount
    total_amount: Amount
    currency: str
    status: InvoiceStatus
    issued_at: Seconds | None
    due_date: Seconds | None
    """Seven days after `issued_at`."""
    paid_at: Seconds | None
    line_items: list[InvoiceLine]
    has_receipt: bool
    receipt_date: Seconds | None
    payment_method: PaymentMethod | None
    payment_reference: str | None
    invoice_number: int | None
    """Counts the account's issued invoices, from 1 without a gap."""
    amount_paid: Amount
    amount_due: Amount | None
    """Null for a draft."""
    voided_at: Seconds | None
    void_reason: str | None
    revision: int
    """1, and one more for each reissue of the same period."""
    replaces: InvoiceId | None
    """The void invoice that this one replaces."""
    replaced_by: InvoiceId | None
    """The invoice that replaces this void one."""


class InvoiceList(Answered):
    invoices: list[Invoice]
    """Newest first, drafts included."""
    pagination: Pagination


class TimeSpan(Answered):
    start: Seconds
    end: Seconds


class Fee(Answered):
    """What a subscription costs for a period."""

    standard: Amount
    """The plan's price."""
    credit: Amount
    """The sum of all reductions."""
    final: Amount
    """`standard` less `credit`."""


class NamedFee(Fee):
    plan_name: str
    """The plan's display name."""


class CostShare(Answered):
    """What one type of resource costs."""

    resource_type: str
    cost: Amount
    percentage: Number
    """Of the whole cost, with two decimals."""


class DayCost(Answered):
    date: Seconds
    """00:00 of a UTC day."""
    cost: Amount


class CurrentBill(Answered):
    """The estimate of the current period. Costs are of usage only, without the subscription's fee."""

    current_period: TimeSpan
    current_cost: Amount
    projected_cost: Amount
    """For the whole period, at the pace of the days so far."""
    active_sessions: int
    completed_sessions: int
    subscription_fee: NamedFee
    cost_breakdown: list[CostShare]
    daily_trend: list[DayCost]
    """One entry for each UTC day from the period's start to today, zeros included."""


class UsageCost(Answered):
    accumulated: Amount
    projected: Amount
    """The same as `accumulated` for a period that has ended."""


class BillingPeriod(Answered):
    period_id: _PeriodId
    """`current`, or the id of the period's invoice."""
    period_start: Day
    period_end: Day
    """The last day."""
    plan: str
    """The plan's display name."""
    is_current: bool
    type: Literal["current_period", "invoice"]
    subscription_fee: Fee
    usage_cost: UsageCost
    total: Amount
    """Of the current period, fee and usage so far, without tax; of an ended one, the invoice's total."""
    status: Literal["pending"] | InvoiceStatus
    """`pending` for the current period, else the invoice's status."""
    invoice_generated: bool
    """True for the current period too, once it has a draft."""
    invoice_id: InvoiceId | None


class BillingPeriodList(Answered):
    periods: list[BillingPeriod]
    """The current period, then the invoiced ones, newest first; void invoices are left out."""


class SessionCost(Answered):
    session_id: str
    user_id: UserId
    started_at: Seconds
    ended_at: Seconds | None
    """Null for a running session."""
    duration_seconds: int
    """Until now for a running session."""
    cost: Amount
    status: Literal["running", "ended"]


class BillingHistory(Answered):
    """The costs of whole UTC days, from that of `start` to that of `end`."""

    period: TimeSpan
    total_cost: Amount
    sessions: list[SessionCost]
    """Newest first, at most 100."""
    breakdown: list[CostShare]
    daily_costs: list[DayCost]
    """One entry for each UTC day, zeros included."""
