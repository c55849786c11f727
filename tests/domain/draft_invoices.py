"""A draft invoice for April."""

from datetime import UTC, datetime
from decimal import Decimal

from tallybook.domain.invoice_lines import InvoiceLine, balance_lines
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period

APRIL = Period(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), "UTC")
CENT = 10_000


def draft_invoice(*amounts: int, tax_rate: str = "0", currency: str = "USD", carried_credit_in: int = 0) -> Invoice:
    """A draft with a usage line for each amount."""
    rate = Decimal(tax_rate)
    lines = balance_lines(
        (InvoiceLine("usage", "A line", amount) for amount in amounts),
        carried_credit_in=carried_credit_in,
        tax_rate=rate,
        currency=currency,
    )
    return Invoice("i", "a", 1, 1, APRIL, "pro", "Pro", currency, tuple(lines), rate)
