"""What a period's invoice holds, read and worked out: the same for the draft, the closing and a plan change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tallybook.domain.accounts import Account
from tallybook.domain.bill import PeriodCosts, costs_of, lines_of
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog
from tallybook.domain.errors import Failed
from tallybook.domain.fees import Fee, fee_for, fee_time
from tallybook.domain.invoices import (
    Detail,
    Invoice,
    InvoiceLine,
    balance_lines,
    fee_lines,
    invoice_id,
    late_line,
    usage_line,
)
from tallybook.domain.periods import Period
from tallybook.domain.times import stamp
from tallybook.services.billing.open_period import new_billing_period, open_period
from tallybook.services.context import Context
from tallybook.store.commands import Item
from tallybook.store.periods import billing_period_of, is_period_key
from tallybook.store.usage_counters import billed_range, by_day, quantities_of, rated_range


@dataclass(frozen=True, slots=True)
class LateBill:
    """A closed period with usage that came late, and how much more it costs than was billed; perhaps less."""

    opened: BillingPeriod
    amount: int


@dataclass(frozen=True, slots=True)
class PeriodBill:
    """A period as it was read, with its invoice as a draft that has no position yet."""

    opened: BillingPeriod
    fences: tuple[Item, ...]
    costs: PeriodCosts
    late: tuple[LateBill, ...]
    fee: Fee
    invoice: Invoice


def bill_period(
    ctx: Context,
    account: Account,
    period: Period,
    *,
    now: datetime,
    cut: datetime | None = None,
    after: Sequence[PeriodBill] | None = None,
) -> PeriodBill:
    """The period up to now or its end, opened if nobody has; `cut` is the instant at which a plan change ends it.

    With `after`, nothing is written: those are the bills, not written either, of the ended periods before it.
    One query, and one for each closed period that has late usage for it.
    """
    pk, first, last = billed_range(account.id, period.start)
    items = list(ctx.tables.query("usage", pk, start=first, end=last))
    fences = tuple(item for item in items if is_period_key(item))
    opened = billing_period_of(fences) or (open_period if after is None else new_billing_period)(ctx, account, period)
    if cut is not None and opened.is_open:  # where somebody has closed it, the account is to be read again
        opened = opened.cut(cut)
    catalog = ctx.catalogs.version(opened.catalog_version)
    plan, currency = catalog.plans[opened.plan], catalog.currency
    until = min(now, opened.period.end)
    costs = costs_of(catalog, opened, quantities_of(fences), by_day(items), until=until)
    late = tuple(_late_bill(ctx, account, begun, after or ()) for begun in sorted(opened.late))
    time = fee_time(account, plan, opened, until=until)
    fee = fee_for(plan.price, time, discount=account.billing.discount, currency=currency)
    lines: list[InvoiceLine] = [
        *fee_lines(fee, plan_name=plan.display_name, discount=account.billing.discount),
        usage_line([Detail(line.meter, line.sku, line.quantity, line.amount) for line in costs.lines]),
        *(late_line(bill.opened.period, bill.amount) for bill in late),
    ]
    tax_rate = tax_rate_of(account, catalog)
    carried_credit = account.closing_cursor.carried_credit if account.closing_cursor.period.start == period.start else 0
    invoice = Invoice(
        id=invoice_id(account.id, period.start),
        account_id=account.id,
        revision=1,
        position=0,
        period=opened.period,
        plan=plan.name,
        plan_name=plan.display_name,
        currency=currency,
        lines=tuple(balance_lines(lines, carried_credit_in=carried_credit, tax_rate=tax_rate, currency=currency)),
        tax_rate=tax_rate,
        fee_time=time,
    )
    return PeriodBill(opened, fences, costs, late, fee, invoice)


def tax_rate_of(account: Account, catalog: Catalog) -> Decimal:
    return catalog.tax_rate if account.billing.tax_rate is None else account.billing.tax_rate


def _late_bill(ctx: Context, account: Account, start: str, after: Iterable[PeriodBill]) -> LateBill:
    """The whole closed period rated again, with its own prices, less what was billed for it before."""
    known = [late for bill in after for late in bill.late if stamp(late.opened.period.start) == start]
    pk, first, last = rated_range(account.id, start)
    items = list(ctx.tables.query("usage", pk, start=first, end=last))
    opened = billing_period_of(items)
    if opened is None:
        raise Failed("A period with late usage was never opened")
    catalog = ctx.catalogs.version(opened.catalog_version)
    lines = lines_of(catalog, plan=opened.plan, quantities=quantities_of(items), part=opened.part)
    billed = opened.billed + sum(late.amount for late in known)
    return LateBill(opened, sum(line.amount for line in lines) - billed)
