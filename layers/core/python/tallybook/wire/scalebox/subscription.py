"""Plan changes: the answer to one, their history, and a preview.

Source: ScaleBox account management, "Change Subscription Plan", "List Subscription Change History". The fields of the
answer and of the preview are Tallybook's.
"""

from collections.abc import Sequence

from tallybook.domain.ids import ACCOUNT, INVOICE, PLAN_CHANGE, SUBSCRIPTION
from tallybook.domain.plan_changes import PlanChange, PlanPreview
from tallybook.domain.subscriptions import Subscription
from tallybook.wire.response import amount, seconds, seconds_or_none
from tallybook.wire.scalebox.account import present_subscription
from tallybook.wire.scalebox.billing import present_fee
from tallybook.wire.scalebox.invoices import present_invoice


def present_plan_change(subscription: Subscription, change: PlanChange) -> dict[str, object]:
    return {**present_subscription(subscription), "change": _change(change)}


def present_plan_changes(changes: Sequence[PlanChange], pagination: dict[str, int]) -> dict[str, object]:
    return {"history": [_change(one) for one in changes], "pagination": pagination}


def present_preview(preview: PlanPreview) -> dict[str, object]:
    """The change in the form of the history, and its invoice. Ids are null, because nothing is stored."""
    change = preview.change
    return {
        **_change(change),
        "change_id": None,
        "invoice_id": None,
        "currency": preview.invoice.currency,
        "invoice": {**present_invoice(preview.invoice), "invoice_id": None, "invoice_number": None},
        "new_subscription_fee": present_fee(preview.fee),
        "new_fee_invoiced_at": seconds_or_none(preview.fee_invoiced_at),
        "payment_required": preview.missing is not None,
        "payment_required_code": preview.missing.code if preview.missing else None,
    }


def _change(change: PlanChange) -> dict[str, object]:
    return {
        "change_id": PLAN_CHANGE + change.id,
        "account_id": ACCOUNT + change.account_id,
        "subscription_id": SUBSCRIPTION + change.subscription_id,
        "old_plan_name": change.old_plan,
        "new_plan_name": change.new_plan,
        "change_reason": change.reason,
        "old_period_start": seconds(change.old_period.start),
        "old_period_end": seconds(change.old_period.display_end),
        "new_period_start": seconds(change.new_period.start),
        "new_period_end": seconds(change.new_period.display_end),
        "prorated_refund_amount": amount(change.refund),
        "old_plan_price": amount(change.old_price),
        "new_plan_price": amount(change.new_price),
        "invoice_id": INVOICE + change.invoice_id,
        "changed_at": seconds(change.changed_at),
    }
