"""The contexts of the mails about an invoice, read at delivery; None if the mail is no longer true."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.invoice_lines import Detail, InvoiceLine
from tallybook.domain.invoices import UNPAID, Invoice
from tallybook.domain.money import readable
from tallybook.domain.outbox import InvoiceRef, Mail
from tallybook.domain.periods import local_day
from tallybook.domain.times import readable_day
from tallybook.domain.usage import grouped
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.invoices import read_invoice

MAX_DETAILS = 60
"""The number of a line's details that a mail lists; the others are added up."""

_UPPER_CASE = frozenset({"api", "cpu", "gb", "gpu", "mb", "ram", "tb"})


def invoice_context(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None:  # noqa: ARG001 no link
    """For an issued invoice; None if it is void."""
    account, invoice = _read_subject(ctx, mail)
    if invoice.status not in (*UNPAID, "paid"):
        return None
    return {**_header(account, invoice), **_lines(invoice), **_payment(invoice)}


def overdue_context(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None:  # noqa: ARG001 no link
    """For the overdue ones of its invoices, with what is due together; None if all are paid or void."""
    account, invoices = _read_subjects(ctx, mail)
    overdue = [invoice for invoice in invoices if invoice.is_overdue]
    if not overdue:
        return None
    return {
        "account": _account_name(account),
        "invoices": [{**_invoice(invoice), **_payment(invoice)} for invoice in overdue],
        "due": readable(sum(invoice.amount_due for invoice in overdue), overdue[0].currency),
    }


def voided_context(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None:  # noqa: ARG001 no link
    """For a void invoice, with the amount that the balance got back."""
    account, invoice = _read_subject(ctx, mail)
    if invoice.status != "void":
        return None
    refunded = int(mail.context["given_back"])
    return {
        **_header(account, invoice),
        "reason": invoice.void_reason,
        "given_back": readable(refunded, invoice.currency) if refunded else None,
    }


def _read_subject(ctx: Context, mail: Mail) -> tuple[Account, Invoice]:
    account, invoices = _read_subjects(ctx, mail)
    return account, invoices[0]


def _read_subjects(ctx: Context, mail: Mail) -> tuple[Account, list[Invoice]]:
    """The account, and the invoices that the mail is about."""
    ref = mail.subject_ref
    if not isinstance(ref, InvoiceRef):
        raise TypeError("a mail about an invoice refers to one")
    account_key = keys.account(ref.account_id)
    invoice_keys = [keys.invoice(ref.account_id, position) for position in (ref.position, *ref.others)]
    items = ctx.tables.get_many([account_key, *invoice_keys])
    return read_account(items[account_key]), [read_invoice(items[key]) for key in invoice_keys]


def _header(account: Account, invoice: Invoice) -> dict[str, Any]:
    return {"account": _account_name(account), **_invoice(invoice)}


def _account_name(account: Account) -> str:
    return account.display_name or account.email


def _invoice(invoice: Invoice) -> dict[str, Any]:
    first, last = (readable_day(day) for day in (invoice.period.first_day, invoice.period.last_day))
    return {
        "number": str(invoice.number),
        "plan": invoice.plan_name,
        "period": first if first == last else f"{first} to {last}",
        "total": readable(invoice.total, invoice.currency),
    }


def _payment(invoice: Invoice) -> dict[str, Any]:
    """The amount that the balance paid, and the amount due with its day; an amount of zero is None."""
    paid, due = invoice.paid_by_balance, invoice.amount_due
    return {
        "paid": readable(paid, invoice.currency) if paid else None,
        "due": readable(due, invoice.currency) if due else None,
        "due_date": _day(invoice, invoice.due_date),
    }


def _lines(invoice: Invoice) -> dict[str, Any]:
    return {
        "issued": _day(invoice, invoice.issued_at),
        "lines": [_line(line, invoice.currency) for line in invoice.lines],
        "subtotal": readable(invoice.subtotal, invoice.currency),
        "tax_rate": f"{grouped(invoice.tax_rate)} %",
        "tax": readable(invoice.tax, invoice.currency),
    }


def _line(line: InvoiceLine, currency: str) -> dict[str, Any]:
    listed, others = line.details[:MAX_DETAILS], line.details[MAX_DETAILS:]
    return {
        "text": line.description,
        "amount": readable(line.amount, currency),
        "details": [{"text": _quantity_text(detail), "amount": readable(detail.amount, currency)} for detail in listed],
        "others": {"count": len(others), "amount": readable(_sum(others), currency)} if others else None,
    }


def _sum(details: Iterable[Detail]) -> int:
    return sum(detail.amount for detail in details)


def _quantity_text(detail: Detail) -> str:
    """Like 1,440 container minutes (M)."""
    words = (word.upper() if word in _UPPER_CASE else word for word in detail.meter.split("_"))
    sku = f" ({detail.sku})" if detail.sku else ""
    return f"{grouped(detail.quantity)} {' '.join(words)}{sku}"


def _day(invoice: Invoice, instant: datetime | None) -> str | None:
    """The day in the account's time zone."""
    return None if instant is None else readable_day(local_day(instant, invoice.period.zone))
