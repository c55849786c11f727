"""Invoices: each at its position in the account's list, with a second item that finds the position by the id.

An open invoice is in the index `work`, due at its due date. An unpaid one may be due there before, because the balance
can pay it.
"""

from datetime import datetime

from boto3.dynamodb.conditions import Attr

from tallybook.domain.fees import FeeTime
from tallybook.domain.invoice_lines import Detail, InvoiceLine
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import partition
from tallybook.domain.money import minor_unit
from tallybook.domain.times import instant_or_none, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update
from tallybook.store.schedules import period_item, read_period

OVERDUE = "overdue"


def put_new_invoice(invoice: Invoice) -> tuple[Put, Put]:
    """An invoice or draft at a new position, and its position by id; WriteConflict if the position or id is taken."""
    place = {"account_id": invoice.account_id, "position": invoice.position}
    return (
        Put(keys.invoice(invoice.account_id, invoice.position), invoice_item(invoice)),
        Put(keys.invoice_place(invoice.id), place),
    )


def replace_invoice(before: Invoice, after: Invoice) -> Put:
    """Write `after` over `before`; WriteConflict if the invoice changed since it was read."""
    unchanged = Attr("status").eq(before.status) & Attr("id").eq(before.id)
    unchanged &= Attr("paid_by_balance").eq(before.paid_by_balance)
    return Put(keys.invoice(after.account_id, after.position), invoice_item(after), condition=unchanged)


def replace_draft(invoice: Invoice) -> Put:
    """Write the invoice, or a newer draft, over its draft; WriteConflict if it is issued already."""
    draft = Attr("status").eq("draft") & Attr("id").eq(invoice.id)
    return Put(keys.invoice(invoice.account_id, invoice.position), invoice_item(invoice), condition=draft)


def make_due(account_id: str, position: int, *, now: datetime) -> Update:
    """Put an unpaid invoice in the index `work`, due now, so that a task pays it from the balance."""
    return Update(keys.invoice(account_id, position), set={"work": partition(OVERDUE, account_id), "due": stamp(now)})


def has_own_due_date(item: Item) -> bool:
    """Whether the invoice is in the index `work` only as its status and due date say."""
    return item.get("due") == (item["due_date"] if item["status"] == "open" else None)


def invoice_item(invoice: Invoice) -> Item:
    unit = minor_unit(invoice.currency)
    work = {"work": partition(OVERDUE, invoice.account_id), "due": stamp_or_none(invoice.due_date)}
    return {
        **period_item(invoice.period),
        "id": invoice.id,
        "account_id": invoice.account_id,
        "revision": invoice.revision,
        "position": invoice.position,
        "number": invoice.number,
        "plan": invoice.plan,
        "plan_name": invoice.plan_name,
        "currency": invoice.currency,
        "lines": [_line_item(line, unit) for line in invoice.lines],
        "tax_rate": invoice.tax_rate,
        "fee_time": list(invoice.fee_time) if invoice.fee_time else None,
        "status": invoice.status,
        "issued_at": stamp_or_none(invoice.issued_at),
        "due_date": stamp_or_none(invoice.due_date),
        "paid_at": stamp_or_none(invoice.paid_at),
        "paid_by_balance": invoice.paid_by_balance,
        "payment_method": invoice.payment_method,
        "payment_reference": invoice.payment_reference,
        "voided_at": stamp_or_none(invoice.voided_at),
        "void_reason": invoice.void_reason,
        **(work if invoice.status == "open" else {}),
    }


def read_invoice(item: Item) -> Invoice:
    unit = minor_unit(item["currency"])
    return Invoice(
        id=item["id"],
        account_id=item["account_id"],
        revision=int(item["revision"]),
        position=int(item["position"]),
        period=read_period(item),
        plan=item["plan"],
        plan_name=item["plan_name"],
        currency=item["currency"],
        lines=tuple(_read_line(line, unit) for line in item["lines"]),
        tax_rate=item["tax_rate"],
        fee_time=FeeTime(*map(int, item["fee_time"])) if "fee_time" in item else None,
        status=item["status"],
        number=int(item["number"]) if "number" in item else None,
        issued_at=instant_or_none(item.get("issued_at")),
        due_date=instant_or_none(item.get("due_date")),
        paid_at=instant_or_none(item.get("paid_at")),
        paid_by_balance=int(item["paid_by_balance"]),
        payment_method=item.get("payment_method"),
        payment_reference=item.get("payment_reference"),
        voided_at=instant_or_none(item.get("voided_at")),
        void_reason=item.get("void_reason"),
    )


def _line_item(line: InvoiceLine, unit: int) -> Item:
    """Amounts are stored in minor units, which need fewer digits than micros."""
    item: Item = {"type": line.type, "text": line.description, "amount": line.amount // unit}
    if line.details:
        item["details"] = [[part.meter, part.sku, part.quantity, part.amount // unit] for part in line.details]
    if line.period_start is not None:
        item["of"] = stamp(line.period_start)
    return item


def _read_line(item: Item, unit: int) -> InvoiceLine:
    return InvoiceLine(
        type=item["type"],
        description=item["text"],
        amount=int(item["amount"]) * unit,
        details=tuple(
            Detail(meter, sku, quantity, int(amount) * unit) for meter, sku, quantity, amount in item.get("details", ())
        ),
        period_start=instant_or_none(item.get("of")),
    )
