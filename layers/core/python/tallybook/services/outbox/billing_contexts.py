"""What the letters about an invoice say, as it stands when they are written; nothing once it has ceased to be so."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tallybook.domain.invoice_lines import Detail, InvoiceLine
from tallybook.domain.invoices import UNPAID, Invoice, InvoiceStatus
from tallybook.domain.money import readable
from tallybook.domain.outbox import Mail
from tallybook.domain.periods import local_day
from tallybook.domain.times import readable_day
from tallybook.domain.usage import grouped
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.invoices import read_invoice

MOST_DETAILS = 60
"""So many of a line's details are told one by one; the others together."""

_TRUE_OF: Mapping[str, tuple[InvoiceStatus, ...]] = {
    "invoice": (*UNPAID, "paid"),
    "invoice_overdue": ("overdue", "uncollectible"),
    "invoice_voided": ("void",),
}
_CAPITALS = frozenset({"api", "cpu", "gb", "gpu", "mb", "ram", "tb"})


def invoice_facts(ctx: Context, mail: Mail) -> Mapping[str, Any] | None:
    """The facts of the letter; None where it is no longer true of its invoice: void or paid meanwhile."""
    if mail.account_id is None or mail.invoice is None:
        raise ValueError("a letter about an invoice names its account and position")
    account_key, invoice_key = keys.account(mail.account_id), keys.invoice(mail.account_id, mail.invoice)
    items = ctx.tables.get_many([account_key, invoice_key])
    account, invoice = read_account(items[account_key]), read_invoice(items[invoice_key])
    if invoice.status not in _TRUE_OF[mail.letter]:
        return None
    known = {"account": account.display_name or account.email, **_named(invoice)}
    match mail.letter:
        case "invoice":
            return {**known, **_lines(invoice), **_due(invoice)}
        case "invoice_overdue":
            return {**known, **_due(invoice)}
        case _:
            given_back = int(mail.facts["given_back"])
            return {
                **known,
                "reason": invoice.void_reason,
                "given_back": readable(given_back, invoice.currency) if given_back else None,
            }


def _named(invoice: Invoice) -> dict[str, Any]:
    first, last = (readable_day(day) for day in (invoice.period.first_day, invoice.period.last_day))
    return {
        "number": str(invoice.number),
        "plan": invoice.plan_name,
        "period": first if first == last else f"{first} to {last}",
        "total": readable(invoice.total, invoice.currency),
    }


def _due(invoice: Invoice) -> dict[str, Any]:
    """What the balance paid, and what is left to pay until when; None for what there is nothing of."""
    paid, left = invoice.paid_by_balance, invoice.amount_due
    return {
        "paid": readable(paid, invoice.currency) if paid else None,
        "due": readable(left, invoice.currency) if left else None,
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
    told, others = line.details[:MOST_DETAILS], line.details[MOST_DETAILS:]
    return {
        "text": line.description,
        "amount": readable(line.amount, currency),
        "details": [{"text": _used(detail), "amount": readable(detail.amount, currency)} for detail in told],
        "others": {"count": len(others), "amount": readable(_sum(others), currency)} if others else None,
    }


def _sum(details: Iterable[Detail]) -> int:
    return sum(detail.amount for detail in details)


def _used(detail: Detail) -> str:
    """1,440 container minutes (M)."""
    words = (word.upper() if word in _CAPITALS else word for word in detail.meter.split("_"))
    sku = f" ({detail.sku})" if detail.sku else ""
    return f"{grouped(detail.quantity)} {' '.join(words)}{sku}"


def _day(invoice: Invoice, instant: datetime | None) -> str | None:
    """The local day, where the account is."""
    return None if instant is None else readable_day(local_day(instant, invoice.period.zone))
