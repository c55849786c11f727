"""What the usage of a period costs, computed like its invoice: each (meter, sku) is rated and rounded once.

A bill is the estimate for an open period; its invoice is issued when the period closes (`invoices`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog, Plan
from tallybook.domain.fees import Fee
from tallybook.domain.invoices import Invoice
from tallybook.domain.money import EXACT, minor_unit, percentage, round_to_minor, spread
from tallybook.domain.periods import Period
from tallybook.domain.rating import rate, scale_price
from tallybook.domain.times import day_of
from tallybook.domain.usage import Quantities

WHOLE = Fraction(1)


@dataclass(frozen=True, slots=True)
class CostLine:
    """One (meter, sku) of a period: its summed quantity and its rounded amount in micros."""

    meter: str
    sku: str | None
    resource_type: str
    quantity: Decimal
    amount: int


@dataclass(frozen=True, slots=True)
class PeriodCosts:
    """What a period's usage costs: by line, and by resource type for each UTC day.

    `shards` is the number of shards of its counters.
    """

    period: Period
    shards: int
    lines: tuple[CostLine, ...]
    days: tuple[str, ...]
    by_type: Mapping[str, tuple[int, ...]]

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class CostShare:
    """What one resource type costs, in micros, and its percentage of the whole cost."""

    resource_type: str
    cost: int
    percentage: Decimal


@dataclass(frozen=True, slots=True)
class CurrentBill:
    """The estimate of an open period, in micros. `daily_trend` has a (UTC day, cost) for each day up to today."""

    period: Period
    cost: int
    projected_cost: int
    breakdown: tuple[CostShare, ...]
    daily_trend: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class CurrentBilling:
    """The bill of an open period, with its plan, its fee, and the numbers of running and of ended sessions."""

    bill: CurrentBill
    plan: Plan
    fee: Fee
    currency: str
    active_sessions: int
    completed_sessions: int


@dataclass(frozen=True, slots=True)
class BillingOverview:
    """The current period, its draft if it has one, and the issued invoices that are not void, newest first."""

    current: CurrentBilling
    draft: Invoice | None
    invoices: tuple[Invoice, ...]


def lines_of(catalog: Catalog, *, plan: str, quantities: Quantities, part: Fraction = WHOLE) -> tuple[CostLine, ...]:
    """The lines of a period, sorted by meter and sku, without meters that settle from the wallet.

    `part` is the part of the period that ran, if a plan change ended it early.
    """
    lines = []
    for (name, sku), quantity in sorted(quantities.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        meter = catalog.meters[name]
        if meter.settles != "invoice":
            continue
        price = meter.price(plan=plan, sku=sku)
        amount = round_to_minor(rate(scale_price(price, part), quantity), catalog.currency) if price else 0
        lines.append(CostLine(name, sku, meter.resource_type, quantity, amount))
    return tuple(lines)


def usage_cost(catalog: Catalog, billing_period: BillingPeriod, quantities: Quantities) -> int:
    """The total of the period's bill, in micros."""
    lines = lines_of(catalog, plan=billing_period.plan, quantities=quantities, part=billing_period.part)
    return sum(line.amount for line in lines)


def costs_of(
    catalog: Catalog,
    billing_period: BillingPeriod,
    quantities: Quantities,
    by_day: Mapping[str, Quantities],
    *,
    until: datetime,
) -> PeriodCosts:
    """The costs of a period up to `until`. Each line's amount is split over the days by the quantities `by_day`."""
    lines = lines_of(catalog, plan=billing_period.plan, quantities=quantities, part=billing_period.part)
    days = utc_days(billing_period.period.start, min(until, billing_period.period.end - timedelta(milliseconds=1)))
    by_type: dict[str, list[int]] = {}
    for line in lines:
        costs = by_type.setdefault(line.resource_type, [0] * len(days))
        weights = [by_day.get(day, {}).get((line.meter, line.sku), Decimal(0)) for day in days]
        for index, part in enumerate(spread(line.amount, weights, unit=minor_unit(catalog.currency))):
            costs[index] += part
    return PeriodCosts(
        period=billing_period.period,
        shards=billing_period.shards,
        lines=lines,
        days=days,
        by_type={kind: tuple(costs) for kind, costs in by_type.items()},
    )


def current_bill(costs: PeriodCosts, *, currency: str, now: datetime) -> CurrentBill:
    return CurrentBill(
        period=costs.period,
        cost=costs.total,
        projected_cost=project_cost(costs.total, period=costs.period, now=now, currency=currency),
        breakdown=breakdown({kind: sum(days) for kind, days in costs.by_type.items()}),
        daily_trend=tuple(
            (day, sum(of_type[index] for of_type in costs.by_type.values())) for index, day in enumerate(costs.days)
        ),
    )


def project_cost(cost: int, *, period: Period, now: datetime, currency: str) -> int:
    """cost / days elapsed x days of the period: 12.84 on 20 April of 04-01..04-30 is 19.26."""
    unit = minor_unit(currency)
    with localcontext(EXACT):
        exact = Decimal(cost // unit * period.days) / period.days_elapsed(now)
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)) * unit


def breakdown(costs: Mapping[str, int]) -> tuple[CostShare, ...]:
    """Costs by resource type, highest first, each with its percentage of their sum."""
    whole = sum(costs.values())
    highest_first = sorted(costs.items(), key=lambda item: (-item[1], item[0]))
    return tuple(CostShare(kind, amount, percentage(amount, whole)) for kind, amount in highest_first)


def utc_days(first: datetime, last: datetime) -> tuple[str, ...]:
    """The UTC days from that of `first` to that of `last`; at least one."""
    count = (last.date() - first.date()).days + 1
    return tuple(day_of(first + timedelta(days=offset)) for offset in range(max(1, count)))
