"""Invoices on ScaleBox's billing page. Source: ScaleBox billing, "List Invoices"; docs/money.md, "Invoices".

Tallybook's additions come last: `invoice_number`, `amount_paid`, `amount_due`, `voided_at`, `void_reason`, `revision`,
`replaces`, `replaced_by`, and the `details` of a usage line, whose quantities are decimal text. A field that has no
value yet is null.
"""

from collections.abc import Sequence

from tallybook.domain.ids import ACCOUNT, INVOICE, prefixed
from tallybook.domain.invoice_lines import Detail, InvoiceLine
from tallybook.domain.invoices import Invoice
from tallybook.domain.usage import decimal_text
from tallybook.wire.response import amount, seconds, seconds_or_none


def present_invoices(listed: Sequence[Invoice], pagination: dict[str, int]) -> dict[str, object]:
    return {"invoices": [present_invoice(one) for one in listed], "pagination": pagination}


def present_invoice(invoice: Invoice) -> dict[str, object]:
    return {
        "invoice_id": INVOICE + invoice.id,
        "account_id": ACCOUNT + invoice.account_id,
        "billing_period_start": seconds(invoice.period.start),
        "billing_period_end": seconds(invoice.period.display_end),
        "subtotal": amount(invoice.subtotal),
        "tax_amount": amount(invoice.tax),
        "total_amount": amount(invoice.total),
        "currency": invoice.currency,
        "status": invoice.status,
        "issued_at": seconds_or_none(invoice.issued_at),
        "due_date": seconds_or_none(invoice.due_date),
        "paid_at": seconds_or_none(invoice.paid_at),
        "line_items": [_line(line) for line in invoice.lines],
        "has_receipt": invoice.has_receipt,
        "receipt_date": seconds_or_none(invoice.paid_at) if invoice.has_receipt else None,
        "payment_method": invoice.payment_method,
        "payment_reference": invoice.payment_reference,
        "invoice_number": invoice.number,
        "amount_paid": amount(invoice.amount_paid),
        "amount_due": None if invoice.status == "draft" else amount(invoice.amount_due),
        "voided_at": seconds_or_none(invoice.voided_at),
        "void_reason": invoice.void_reason,
        "revision": invoice.revision,
        "replaces": prefixed(INVOICE, invoice.replaces),
        "replaced_by": prefixed(INVOICE, invoice.replaced_by),
    }


def _line(line: InvoiceLine) -> dict[str, object]:
    return {
        "description": line.description,
        "quantity": 1,
        "unit_price": amount(line.amount),
        "amount": amount(line.amount),
        "type": line.type,
        **({"details": [_detail(part) for part in line.details]} if line.details else {}),
    }


def _detail(part: Detail) -> dict[str, object]:
    return {
        "meter": part.meter,
        "sku": part.sku,
        "quantity": decimal_text(part.quantity),
        "amount": amount(part.amount),
    }
