"""What the operator's command tells of each thing: ids with their prefixes, times as RFC 3339, money in micros.

The names are for scripts to rely on; where ScaleBox's dialect shows the same, they are its names.
"""

from collections.abc import Iterator
from typing import Any

from tallybook.domain.accounts import Account, User
from tallybook.domain.audit import AuditEntry
from tallybook.domain.credentials import Credential
from tallybook.domain.ids import ACCOUNT, API_KEY, INVOICE, PLAN_CHANGE, SUBSCRIPTION, USER
from tallybook.domain.invoice_lines import InvoiceLine
from tallybook.domain.invoices import Invoice
from tallybook.domain.money import decimals, in_units
from tallybook.domain.outbox import OutboxItem
from tallybook.domain.plan_changes import PlanChange
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.store.outbox import content_names
from tallybook.wire.scalebox.audit import present_audit_entry

type Row = dict[str, Any]


def account_row(account: Account) -> Row:
    return {
        "account_id": ACCOUNT + account.id,
        "email": account.email,
        "display_name": account.display_name,
        "status": account.status,
        "suspended_at": stamp_or_none(account.suspension.at),
        "suspension_reason": account.suspension.reason,
        "plan_name": account.plan,
        "subscription_id": SUBSCRIPTION + account.subscription_id,
        "balance": account.wallet.balance,
        "users": account.counts.user_count,
        "api_keys": account.counts.key_count,
        "running_sessions": account.counts.running_count,
        "budget_hard_limit": account.hard_limit,
        "time_zone": account.time_zone,
        "tax_rate": None if account.billing.tax_rate is None else f"{account.billing.tax_rate:f}",
        "discount": f"{account.billing.discount:f}",
        "created_at": stamp(account.created_at),
    }


def plan_change_row(change: PlanChange) -> Row:
    return {
        "change_id": PLAN_CHANGE + change.id,
        "account_id": ACCOUNT + change.account_id,
        "old_plan_name": change.old_plan,
        "new_plan_name": change.new_plan,
        "change_reason": change.reason,
        "refund": change.refund,
        "invoice_id": INVOICE + change.invoice_id,
        "changed_at": stamp(change.changed_at),
    }


def user_row(user: User) -> Row:
    return {
        "user_id": USER + user.id,
        "account_id": ACCOUNT + user.account_id,
        "email": user.email,
        "display_name": user.name,
        "role": user.role,
        "is_root_user": user.is_root,
        "status": user.status,
        "suspended_at": stamp_or_none(user.suspended_at),
        "suspension_reason": user.suspension_reason,
        "has_joined": user.password_hash is not None,
        "api_keys": user.key_count,
        "running_sessions": user.running_count,
        "created_at": stamp(user.created_at),
    }


def key_row(key: Credential) -> Row:
    return {
        "api_key_id": API_KEY + key.id,
        "account_id": ACCOUNT + key.account_id,
        "user_id": USER + key.user_id,
        "name": key.name,
        "hint": key.hint,
        "created_at": stamp(key.created_at),
        "expires_at": stamp_or_none(key.expires_at),
        "last_used_at": stamp_or_none(key.last_used_at),
    }


def invoice_row(invoice: Invoice) -> Row:
    """Its period is half-open: it ends where the next one starts."""
    return {
        "invoice_id": INVOICE + invoice.id,
        "account_id": ACCOUNT + invoice.account_id,
        "invoice_number": invoice.number,
        "revision": invoice.revision,
        "status": invoice.status,
        "plan_name": invoice.plan,
        "period_start": stamp(invoice.period.start),
        "period_end": stamp(invoice.period.end),
        "currency": invoice.currency,
        "line_items": [_line(line) for line in invoice.lines],
        "subtotal": invoice.subtotal,
        "tax_rate": f"{invoice.tax_rate:f}",
        "tax_amount": invoice.tax,
        "total_amount": invoice.total,
        "paid_by_balance": invoice.paid_by_balance,
        "amount_due": invoice.amount_due,
        "issued_at": stamp_or_none(invoice.issued_at),
        "due_date": stamp_or_none(invoice.due_date),
        "paid_at": stamp_or_none(invoice.paid_at),
        "payment_method": invoice.payment_method,
        "payment_reference": invoice.payment_reference,
        "voided_at": stamp_or_none(invoice.voided_at),
        "void_reason": invoice.void_reason,
    }


def readable_invoice(invoice: Invoice) -> Row:
    """The same with amounts as one reads them: 12.84 USD."""
    row = invoice_row(invoice)
    amounts = ("subtotal", "tax_amount", "total_amount", "paid_by_balance", "amount_due")
    return row | {name: _readable(row[name], invoice.currency) for name in amounts}


def invoice_line_rows(invoice: Invoice) -> Iterator[Row]:
    """Each line, and below it what it is made of, with amounts as one reads them."""
    for line in invoice.lines:
        amount = _readable(line.amount, invoice.currency)
        yield {"type": line.type, "description": line.description, "quantity": None, "amount": amount}
        for part in line.details:
            what = f"- {part.meter} {part.sku or ''}".rstrip()
            amount = _readable(part.amount, invoice.currency)
            yield {"type": None, "description": what, "quantity": f"{part.quantity:f}", "amount": amount}


def outbox_row(item: OutboxItem) -> Row:
    """`holds` names the mail's template, or the events in their order."""
    return {
        "id": item.id,
        "kind": item.kind,
        "holds": content_names(item),
        "account_id": ACCOUNT + item.account_id if item.account_id else None,
        "state": item.state,
        "due": stamp_or_none(item.due),
        "attempts": item.attempts,
        "error": item.error,
        "created_at": stamp(item.created_at),
        "delivered_at": stamp_or_none(item.delivered_at),
        "sent": list(item.sent),
        "skipped": list(item.skipped),
    }


def audit_row(entry: AuditEntry) -> Row:
    return {**present_audit_entry(entry), "created_at": stamp(entry.at)}


def _line(line: InvoiceLine) -> Row:
    details = [
        {"meter": part.meter, "sku": part.sku, "quantity": f"{part.quantity:f}", "amount": part.amount}
        for part in line.details
    ]
    return {
        "type": line.type,
        "description": line.description,
        "amount": line.amount,
        "late_period_start": stamp_or_none(line.period_start),
        "details": details,
    }


def _readable(micros: int, currency: str) -> str:
    return f"{in_units(micros):.{decimals(currency)}f} {currency}"
