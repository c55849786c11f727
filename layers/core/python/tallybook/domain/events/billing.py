"""Events about subscriptions, invoices and the wallet."""

from tallybook.domain.accounts import Account
from tallybook.domain.ids import ACCOUNT, ENTRY, INVOICE, PLAN_CHANGE, SUBSCRIPTION
from tallybook.domain.invoices import Invoice
from tallybook.domain.outbox import BusEvent
from tallybook.domain.plan_changes import PlanChange
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.domain.wallet import Entry


def subscription_started(account: Account) -> BusEvent:
    data = {
        "account_id": ACCOUNT + account.id,
        "subscription_id": SUBSCRIPTION + account.subscription_id,
        "plan_name": account.plan,
        "started_at": stamp(account.subscribed_at),
    }
    return BusEvent("SubscriptionStarted", data)


def subscription_changed(change: PlanChange) -> BusEvent:
    """`refund` is the credit for the unused part of the old plan's fee; it is on the invoice `invoice_id`."""
    data = {
        "account_id": ACCOUNT + change.account_id,
        "subscription_id": SUBSCRIPTION + change.subscription_id,
        "change_id": PLAN_CHANGE + change.id,
        "old_plan_name": change.old_plan,
        "new_plan_name": change.new_plan,
        "reason": change.reason,
        "refund": change.refund,
        "old_plan_price": change.old_price,
        "new_plan_price": change.new_price,
        "invoice_id": INVOICE + change.invoice_id,
        "period_start": stamp(change.new_period.start),
        "period_end": stamp(change.new_period.end),
        "changed_at": stamp(change.changed_at),
    }
    return BusEvent("SubscriptionChanged", data)


def wallet_moved(entry: Entry) -> BusEvent:
    """The balance changed. Usage changes it, too, but has no event.

    Of two events, the one with the higher `number` has the newer balance. `reference`: the platform's reference, or the
    id of the invoice that was paid or voided.
    """
    data = {
        "account_id": ACCOUNT + entry.account_id,
        "entry_id": ENTRY + entry.id,
        "number": entry.number,
        "kind": entry.kind,
        "amount": entry.amount,
        "balance": entry.balance_after,
        "reference": INVOICE + entry.cause if entry.kind in ("invoice_payment", "refund") else entry.cause,
    }
    return BusEvent("WalletMoved", data)


def invoice_issued(invoice: Invoice) -> BusEvent:
    """`status` is `open`, or `paid` if nothing was due or the balance paid all of it."""
    data = {
        **_invoice(invoice),
        "revision": invoice.revision,
        "plan_name": invoice.plan,
        "subtotal": invoice.subtotal,
        "tax": invoice.tax,
        "paid_by_balance": invoice.paid_by_balance,
        "issued_at": stamp_or_none(invoice.issued_at),
        "due_date": stamp_or_none(invoice.due_date),
    }
    return BusEvent("InvoiceIssued", data)


def invoice_paid(invoice: Invoice) -> BusEvent:
    """`payment_method` is null if nothing was due."""
    data = {
        **_invoice(invoice),
        "paid_at": stamp_or_none(invoice.paid_at),
        "paid_by_balance": invoice.paid_by_balance,
        "payment_method": invoice.payment_method,
    }
    return BusEvent("InvoicePaid", data)


def invoice_overdue(invoice: Invoice) -> BusEvent:
    return BusEvent("InvoiceOverdue", {**_invoice(invoice), "due_date": stamp_or_none(invoice.due_date)})


def invoice_voided(invoice: Invoice, *, given_back: int) -> BusEvent:
    """It no longer has to be paid; `given_back` is what the balance got back, in micros."""
    data = {
        **_invoice(invoice),
        "voided_at": stamp_or_none(invoice.voided_at),
        "reason": invoice.void_reason,
        "given_back": given_back,
    }
    return BusEvent("InvoiceVoided", data)


def _invoice(invoice: Invoice) -> dict[str, object]:
    return {
        "account_id": ACCOUNT + invoice.account_id,
        "invoice_id": INVOICE + invoice.id,
        "invoice_number": invoice.number,
        "period_start": stamp(invoice.period.start),
        "period_end": stamp(invoice.period.end),
        "total": invoice.total,
        "amount_due": invoice.amount_due,
        "currency": invoice.currency,
        "status": invoice.status,
    }
