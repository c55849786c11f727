"""Rows of the operator's command, for text and for JSON: ids with prefixes, times in milliseconds, money in micros.

Scripts rely on the names. Where ScaleBox's API has the same field, the name is taken from its presenter.
"""

from collections.abc import Iterable
from typing import Any

from tallybook.domain.accounts import Account, User
from tallybook.domain.audit import AuditEntry
from tallybook.domain.counted_events import CountedEvent
from tallybook.domain.credentials import Credential, PlatformKey
from tallybook.domain.ids import ACCOUNT, ENTRY, INVOICE, PLAN_CHANGE, PLATFORM_KEY, SUBSCRIPTION, USER, prefixed
from tallybook.domain.invoice_lines import InvoiceLine
from tallybook.domain.invoices import Invoice
from tallybook.domain.outbox import OutboxItem
from tallybook.domain.plan_changes import PlanChange
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.store.outbox import content_names, lane_of
from tallybook.store.unreadable import Unreadable
from tallybook.wire.scalebox.account import account_fields, present_api_key, user_fields
from tallybook.wire.scalebox.audit import present_audit_entry

type Row = dict[str, Any]


def account_row(account: Account) -> Row:
    return {
        **account_fields(account, time=stamp),
        "plan_name": account.plan,
        "subscription_id": SUBSCRIPTION + account.subscription_id,
        "balance": account.wallet.balance,
        "users": account.counts.user_count,
        "api_keys": account.counts.key_count,
        "running_sessions": account.counts.running_count,
        "budget_hard_limit": account.hard_limit,
        "tax_rate": None if account.billing.tax_rate is None else f"{account.billing.tax_rate:f}",
        "discount": f"{account.billing.discount:f}",
    }


def unreadable_row(found: Unreadable, columns: Iterable[str]) -> Row:
    """The id and the error of an item that can't be read; the other columns are empty."""
    return {**dict.fromkeys(columns), "id": found.id, "error": f"unreadable: {found.error}"}


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
        **user_fields(user, time=stamp),
        "email": user.email,
        "api_keys": user.key_count,
        "running_sessions": user.running_count,
    }


def key_row(key: Credential) -> Row:
    return {**present_api_key(key, time=stamp), "account_id": ACCOUNT + key.account_id}


def platform_key_row(key: PlatformKey) -> Row:
    return {
        "id": PLATFORM_KEY + key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "source_prefix": key.source_prefix,
        "created_at": stamp(key.created_at),
        "expires_at": stamp_or_none(key.expires_at),
        "last_used_at": stamp_or_none(key.last_used_at),
    }


def audit_row(entry: AuditEntry) -> Row:
    return {**present_audit_entry(entry), "created_at": stamp(entry.at)}


def invoice_row(invoice: Invoice) -> Row:
    """The period is half-open: `period_end` is the start of the next one."""
    return {
        "invoice_id": INVOICE + invoice.id,
        "account_id": ACCOUNT + invoice.account_id,
        "invoice_number": invoice.number,
        "revision": invoice.revision,
        "replaces": prefixed(INVOICE, invoice.replaces),
        "replaced_by": prefixed(INVOICE, invoice.replaced_by),
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


def event_row(event: CountedEvent) -> Row:
    """`period_start`: the event's period; `billed_in_period_start`: the one whose invoice bills it if it is late.

    `platform_key_id` is null for an event from the queue, and `amount` unless the wallet paid.
    """
    accepted = event.acceptance
    return {
        "source": event.source,
        "id": event.id,
        "account_id": ACCOUNT + event.account_id,
        "user_id": prefixed(USER, event.user_id),
        "session_id": event.session_id,
        "app_id": event.app_id,
        "meter": event.meter,
        "sku": event.sku,
        "quantity": f"{event.quantity:f}",
        "time": stamp_or_none(event.time),
        "accepted_at": stamp(accepted.at),
        "platform_key_id": prefixed(PLATFORM_KEY, accepted.key_id),
        "period_start": stamp(accepted.period_start),
        "billed_in_period_start": stamp_or_none(accepted.late_for),
        "plan_name": accepted.plan,
        "catalog_version": accepted.catalog_version,
        "price": accepted.price,
        "ledger_entry_id": prefixed(ENTRY, accepted.entry_id),
        "amount": accepted.amount,
    }


def outbox_row(item: OutboxItem) -> Row:
    """`holds` names the mail's template, or the events in their order."""
    return {
        "id": item.id,
        "kind": item.kind,
        "lane": lane_of(item),
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
