"""Rows for people: amounts with their currency, like 17.50 USD. In JSON they stay micros."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tallybook.cli.rows import Row, invoice_row
from tallybook.domain.invoices import Invoice
from tallybook.domain.money import decimals, in_units, places
from tallybook.services.context import Context

_AUDITED = frozenset({"amount", "used", "amount_used", "balance", "total", "amount_due", "paid_by_balance", "refund"})
"""Names of amounts in the values of the audit log."""


def currency_of(ctx: Context) -> str:
    """The currency of all balances and bills: no version of the catalog may change it."""
    return ctx.catalogs.current().currency


def money(micros: int | None, currency: str) -> str | None:
    """The exact amount, with at least the decimals of the currency: 17.50 USD, 0.000001 USD, 5 JPY."""
    if micros is None:
        return None
    units = in_units(micros)
    return f"{units:.{max(decimals(currency), places(units))}f} {currency}"


def with_money(row: Row, names: Iterable[str], currency: str) -> Row:
    """The row with readable amounts under the names."""
    return row | {name: money(row[name], currency) for name in names}


def readable_values(values: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """The values before or after an audited change, with readable amounts."""
    return {
        name: money(value, currency) if name in _AUDITED and isinstance(value, int) else value
        for name, value in values.items()
    }


def readable_invoice(invoice: Invoice) -> Row:
    """The row of an invoice with readable amounts: 12.84 USD."""
    amounts = ("subtotal", "tax_amount", "total_amount", "paid_by_balance", "amount_due")
    return with_money(invoice_row(invoice), amounts, invoice.currency)


def invoice_line_rows(invoice: Invoice) -> Iterator[Row]:
    """Each invoice line, followed by its details, with readable amounts."""
    for line in invoice.lines:
        amount = money(line.amount, invoice.currency)
        yield {"type": line.type, "description": line.description, "quantity": None, "amount": amount}
        for part in line.details:
            description = f"- {part.meter} {part.sku or ''}".rstrip()
            amount = money(part.amount, invoice.currency)
            yield {"type": None, "description": description, "quantity": f"{part.quantity:f}", "amount": amount}
