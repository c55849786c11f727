"""Invoices: their totals, ids and states. Source: docs/money.md, "Invoices".

    draft ──issue──> open ──> paid
      └ refreshed     ├──> overdue ──> paid
                      └──> void (also from overdue); may be reissued as the next revision

Nothing makes an invoice `uncollectible` until cards can be charged.

A draft has no number and no dates, and may change. Once an invoice is issued, its lines never change.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Self

from tallybook.domain.errors import Conflict
from tallybook.domain.fees import Fee, FeeTime
from tallybook.domain.ids import derived_id
from tallybook.domain.invoice_lines import InvoiceLine, LineType, tax_on
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import Period
from tallybook.domain.times import stamp

type InvoiceStatus = Literal["draft", "open", "paid", "overdue", "uncollectible", "void"]
type PaymentMethod = Literal["Balance", "Credit Card", "Balance + Credit Card"]

UNPAID: tuple[InvoiceStatus, ...] = ("open", "overdue", "uncollectible")
DUE_AFTER = timedelta(days=7)
OUTAGE = timedelta(hours=24)
"""An invoice that is issued more than this after its period's end has the date of its issue, not of that end."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice of an account. Amounts are in micros, and multiples of the currency's minor unit.

    `position` counts the account's invoices and drafts, `number` its issued invoices; both from 1 without a gap.
    `paid_by_balance` is what the wallet paid, which may be only a part. A reissue computes its fee from `fee_time`.
    `replaced_by` is the id of a void invoice's next revision, None if it was not reissued; not stored, and set
    only by `find_invoice` and `list_invoices`.
    """

    id: str
    account_id: str
    revision: int
    position: int
    period: Period
    plan: str
    plan_name: str
    currency: str
    lines: tuple[InvoiceLine, ...]
    tax_rate: Decimal
    fee_time: FeeTime | None = None
    status: InvoiceStatus = "draft"
    number: int | None = None
    issued_at: datetime | None = None
    due_date: datetime | None = None
    paid_at: datetime | None = None
    paid_by_balance: int = 0
    payment_method: PaymentMethod | None = None
    payment_reference: str | None = None
    voided_at: datetime | None = None
    void_reason: str | None = None
    replaced_by: str | None = None

    @property
    def replaces(self) -> str | None:
        """The id of the void invoice that this one replaces."""
        if self.revision == 1:
            return None
        return invoice_id(self.account_id, self.period.start, revision=self.revision - 1)

    @property
    def subtotal(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def tax(self) -> int:
        return tax_on(self.lines, self.tax_rate, self.currency)

    @property
    def total(self) -> int:
        return self.subtotal + self.tax

    @property
    def amount_due(self) -> int:
        """What is still to be paid; 0 unless the invoice is issued and unpaid."""
        return self.total - self.paid_by_balance if self.status in UNPAID else 0

    @property
    def is_overdue(self) -> bool:
        return self.status in ("overdue", "uncollectible")

    @property
    def amount_paid(self) -> int:
        return self.total if self.status == "paid" else self.paid_by_balance

    @property
    def carried_credit(self) -> int:
        """The credit that the next invoice deducts; zero or positive."""
        return sum(line.amount for line in self.lines if line.type == "carried" and line.amount > 0)

    @property
    def carried_credit_in(self) -> int:
        """The credit of an earlier invoice that this one deducts; zero or positive."""
        return -sum(line.amount for line in self.lines if line.type == "carried" and line.amount < 0)

    @property
    def fee(self) -> Fee:
        """The fee by its lines; `proration_credit` includes the credit for suspended time."""
        return Fee(
            self.sum_of("subscription"), discount=-self.sum_of("discount"), proration_credit=-self.sum_of("credit")
        )

    def sum_of(self, *types: LineType) -> int:
        return sum(line.amount for line in self.lines if line.type in types)

    @property
    def has_receipt(self) -> bool:
        return self.status == "paid" and self.total > 0

    def issue(
        self, *, number: int, now: datetime, at: datetime | None = None, not_before: datetime | None = None
    ) -> Self:
        """Issued at its period's end, or now if that end was over 24 hours ago; `at` overrides both.

        Never before the account's last invoice, `not_before`: dates run with numbers.
        """
        issued_at = at or (self.period.end if now - self.period.end <= OUTAGE else now)
        issued_at = max(issued_at, not_before or issued_at)
        invoice = replace(self, status="open", number=number, issued_at=issued_at, due_date=issued_at + DUE_AFTER)
        return invoice if invoice.total else replace(invoice, status="paid", paid_at=issued_at)

    def pay_from(self, balance: int, *, at: datetime) -> Self:
        """Paid from the balance as far as it reaches, in whole minor units; `paid` if nothing is left to pay."""
        unit = minor_unit(self.currency)
        amount = min(self.amount_due, max(0, balance) // unit * unit)
        if not amount:
            return self
        after = replace(self, paid_by_balance=self.paid_by_balance + amount)
        return after if after.amount_due else replace(after, status="paid", paid_at=at, payment_method="Balance")

    def mark_overdue(self) -> Self:
        return replace(self, status="overdue")

    def void(self, *, at: datetime, reason: str) -> Self:
        """Cancelled: it no longer has to be paid. Conflict `not_issued`, `invoice_paid` or `invoice_void`."""
        if self.status not in UNPAID:
            code = {"draft": "not_issued", "paid": "invoice_paid", "void": "invoice_void"}[self.status]
            raise Conflict(f"Only an unpaid invoice can be voided; this one is {self.status}", code=code)
        return replace(self, status="void", voided_at=at, void_reason=reason, paid_by_balance=0)


def audit_snapshot(invoice: Invoice) -> dict[str, object]:
    """The fields of an invoice that the audit log stores."""
    return {
        "status": invoice.status,
        "number": invoice.number,
        "total": invoice.total,
        "paid_by_balance": invoice.paid_by_balance,
    }


def invoice_id(account_id: str, period_start: datetime, *, revision: int = 1) -> str:
    """A period's draft and invoice have the same id; each reissue has a new one."""
    return derived_id("invoice", account_id, stamp(period_start), "period", str(revision))


def next_revision_of(invoice: Invoice) -> str:
    """The id of the invoice that replaces a void one."""
    return invoice_id(invoice.account_id, invoice.period.start, revision=invoice.revision + 1)
