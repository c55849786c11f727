"""The lines of an invoice, and the tax on them. Source: docs/money.md, "Invoices".

The subtotal is the sum of the lines. Tax is computed from the sum of the taxed lines, and rounded once. The total is
never below zero: the excess credit is an untaxed line "Carried to next invoice", and a negative line there.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from tallybook.domain.fees import Fee
from tallybook.domain.money import MICROS, round_to_minor
from tallybook.domain.periods import Period

type LineType = Literal["subscription", "discount", "credit", "usage", "late_usage", "carried"]


class Detail(NamedTuple):
    """One (meter, sku) of a usage line: its quantity, and its rounded amount in micros."""

    meter: str
    sku: str | None
    quantity: Decimal
    amount: int


class InvoiceLine(NamedTuple):
    """`amount` is in micros and may be negative. `period_start` belongs to the period whose late usage it bills."""

    type: LineType
    description: str
    amount: int
    details: tuple[Detail, ...] = ()
    period_start: datetime | None = None

    @property
    def is_taxed(self) -> bool:
        return self.type != "carried"


def fee_lines(fee: Fee, *, plan_name: str, discount: Decimal) -> Iterable[InvoiceLine]:
    yield InvoiceLine("subscription", f"Subscription Fee for {plan_name} plan", fee.standard)
    yield InvoiceLine("discount", f"Discount of {discount.normalize():f} %", -fee.discount)
    yield InvoiceLine("credit", f"Unused part of the {plan_name} plan", -fee.proration_credit)
    yield InvoiceLine("credit", "Time for which the account was suspended", -fee.suspended)


def usage_line(details: Sequence[Detail]) -> InvoiceLine:
    return InvoiceLine("usage", "Resource Usage", sum(detail.amount for detail in details), tuple(details))


def late_line(period: Period, amount: int) -> InvoiceLine:
    """What late usage adds to the amount billed for its period; negative if more usage costs less."""
    days = f"{period.first_day.isoformat()} to {period.last_day.isoformat()}"
    return InvoiceLine("late_usage", f"Late usage, {days}", amount, period_start=period.start)


def balance_lines(
    lines: Iterable[InvoiceLine], *, carried_credit_in: int, tax_rate: Decimal, currency: str
) -> list[InvoiceLine]:
    """The lines that are not zero, with the credit from the last invoice, and the excess credit for the next one."""
    all_lines = [*lines, InvoiceLine("carried", "Carried from last invoice", -carried_credit_in)]
    total = sum(line.amount for line in all_lines) + tax_on(all_lines, tax_rate, currency)
    all_lines.append(InvoiceLine("carried", "Carried to next invoice", max(0, -total)))
    return [line for line in all_lines if line.amount]


def tax_on(lines: Iterable[InvoiceLine], rate: Decimal, currency: str) -> int:
    """`rate` percent of the sum of the taxed lines, in micros, rounded once."""
    taxed = sum(line.amount for line in lines if line.is_taxed)
    return round_to_minor(Fraction(taxed, MICROS) * Fraction(rate) / 100, currency)
