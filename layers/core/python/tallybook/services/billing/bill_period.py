"""Computes the bill of a period, in the same way for the draft, the closing and a plan change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tallybook.domain.accounts import Account, Correction, FeeTerms
from tallybook.domain.bill import PeriodCosts, usage_cost
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog
from tallybook.domain.errors import Failed
from tallybook.domain.fees import Fee, fee_for, fee_time
from tallybook.domain.invoice_lines import Detail, InvoiceLine, balance_lines, fee_lines, late_line, usage_line
from tallybook.domain.invoices import Invoice, invoice_id
from tallybook.domain.periods import Period
from tallybook.domain.rating import RATING_RULES
from tallybook.domain.times import stamp
from tallybook.services.billing.fee_terms import read_fee_terms
from tallybook.services.billing.invoices import find_invoice
from tallybook.services.billing.open_costs import read_open_costs
from tallybook.services.billing.pinned import pinned_plan, pinned_prices
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.commands import Item
from tallybook.store.costs import read_costs
from tallybook.store.periods import billing_period_of, is_period_key
from tallybook.store.usage_counters import quantities_of, rated_range

MAX_LATE = 25
"""The most closed periods that one invoice bills again, in one transaction; the next invoice bills the others.

Late usage alone needs no more, because plans change at most 20 times in 36 days; void invoices might.
"""


@dataclass(frozen=True, slots=True)
class LateBill:
    """A closed period with late usage, or with a correction; `amount` is what the invoice bills for it; it may be
    negative.

    `billing_period` has the account's correction, and `is_corrected` says whether that makes it other than stored.
    """

    billing_period: BillingPeriod
    amount: int
    is_corrected: bool


@dataclass(frozen=True, slots=True)
class PeriodBill:
    """A period with the items of its period key, the `terms` of its fee, and its invoice: a draft without position.

    `left`: the account's corrections after it, for the closed periods that are left to the next invoice.
    """

    billing_period: BillingPeriod
    key_items: tuple[Item, ...]
    costs: PeriodCosts
    late: tuple[LateBill, ...]
    left: Mapping[str, Correction]
    terms: FeeTerms
    fee: Fee
    invoice: Invoice


def bill_period(
    ctx: Context,
    account: Account,
    period: Period,
    *,
    now: datetime,
    cut: datetime | None = None,
    preceding: Sequence[PeriodBill] | None = None,
) -> PeriodBill:
    """The bill of the period up to now or its end; opens the period if it was not opened before.

    `cut` is the instant at which a plan change ends the period. With `preceding`, the bills of the earlier periods that
    ended but are not closed yet, nothing is written. One query, and one for each closed period with late usage.
    """
    open_costs = read_open_costs(ctx, account, period, now=now, cut=cut, may_open=preceding is None)
    billing_period, catalog, costs = open_costs.billing_period, open_costs.catalog, open_costs.costs
    plan, currency = pinned_plan(ctx, billing_period), catalog.currency
    cursor = account.closing_cursor
    corrections = account.corrections if cursor.period.start == period.start else {}
    starts = sorted(billing_period.late | corrections.keys())
    late = tuple(_bill_late(ctx, account, start, preceding or ()) for start in starts[:MAX_LATE])
    terms = read_fee_terms(ctx, account, plan, billing_period)
    time = fee_time(account, plan, billing_period, terms, until=min(now, billing_period.period.end))
    fee = fee_for(terms.price, time, discount=terms.discount, currency=currency)
    lines: list[InvoiceLine] = [
        *fee_lines(fee, plan_name=plan.display_name, discount=terms.discount),
        usage_line([Detail(line.meter, line.sku, line.quantity, line.amount) for line in costs.lines]),
        *(late_line(bill.billing_period.period, bill.amount) for bill in late),
    ]
    tax_rate = tax_rate_of(account, catalog)
    carried_credit = cursor.carried_credit if cursor.period.start == period.start else 0
    invoice = Invoice(
        id=invoice_id(account.id, period.start),
        account_id=account.id,
        revision=1,
        position=0,
        period=billing_period.period,
        plan=plan.name,
        plan_name=plan.display_name,
        currency=currency,
        lines=tuple(balance_lines(lines, carried_credit_in=carried_credit, tax_rate=tax_rate, currency=currency)),
        tax_rate=tax_rate,
        fee_time=time,
    )
    left = {start: corrections.get(start, Correction()) for start in starts[MAX_LATE:]}
    return PeriodBill(billing_period, open_costs.key_items, costs, late, left, terms, fee, invoice)


def tax_rate_of(account: Account, catalog: Catalog) -> Decimal:
    """The account's own rate in percent, or the catalog's."""
    return catalog.tax_rate if account.billing.tax_rate is None else account.billing.tax_rate


def _bill_late(ctx: Context, account: Account, start: str, preceding: Iterable[PeriodBill]) -> LateBill:
    """Rate the whole closed period again, at its own prices; `late_amount` subtracts what was billed before.

    A period that was closed by other rules keeps what they made of its usage up to then: only what its late usage adds
    is rated by these.
    """
    pk, first, last = rated_range(account.id, start)
    items = list(ctx.tables.query("usage", pk, start=first, end=last))
    stored = billing_period_of(items)
    if stored is None:
        raise Failed("A period with late usage was never opened")
    unwritten = [late for bill in preceding for late in bill.late if stamp(late.billing_period.period.start) == start]
    before = unwritten[-1].billing_period if unwritten else stored
    billing_period = before.corrected(account.corrections.get(start, Correction()))
    quantities = quantities_of(items)
    prices = pinned_prices(ctx, billing_period, quantities)
    cost = usage_cost(prices, billing_period, quantities)
    if billing_period.rules != RATING_RULES:
        own = quantities_of(filter(is_period_key, items))
        cost += _read_billed_costs(ctx, account, billing_period) - usage_cost(prices, billing_period, own)
    amount = billing_period.late_amount(cost, unwritten=sum(late.amount for late in unwritten))
    if amount < 0 and _was_voided_unmarked(ctx, account, billing_period):
        amount = 0
    return LateBill(billing_period, amount, is_corrected=billing_period != stored)


def _read_billed_costs(ctx: Context, account: Account, closed: BillingPeriod) -> int:
    """What the period was billed when it was closed, in micros; nothing is stored of a period without costs."""
    item = ctx.tables.get(keys.costs(account.id, closed.period.start))
    return read_costs(item).total if item else 0


def _was_voided_unmarked(ctx: Context, account: Account, closed: BillingPeriod) -> bool:
    """Whether an earlier release voided the period's invoice: it left no mark, and nobody is credited what is void."""
    if closed.rules is not None or closed.is_void:
        return False
    invoice = find_invoice(ctx, invoice_id(account.id, closed.period.start))
    while invoice.replaced_by is not None:
        invoice = find_invoice(ctx, invoice.replaced_by)
    return invoice.status == "void"
