"""What the usage of a period costs, computed like its invoice: each (meter, sku) is rated and rounded once.

A bill is the estimate for an open period; its invoice is issued when the period closes (`invoices`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan
from tallybook.domain.fees import Fee
from tallybook.domain.invoices import Invoice
from tallybook.domain.money import minor_unit, percentage, round_ratio, round_to_minor, spread
from tallybook.domain.periods import Period
from tallybook.domain.price_list import PriceList
from tallybook.domain.rating import WHOLE, base_fee, rate
from tallybook.domain.times import day_of
from tallybook.domain.usage import Quantities


class CostLine(NamedTuple):
    """One (meter, sku) of a period: its summed quantity and its rounded amount in micros."""

    meter: str
    sku: str | None
    resource_type: str
    quantity: Decimal
    amount: int


class PeriodCosts(NamedTuple):
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


class CostShare(NamedTuple):
    """What one resource type costs, in micros, and its percentage of the whole cost."""

    resource_type: str
    cost: int
    percentage: Decimal


class CurrentBill(NamedTuple):
    """The estimate of an open period, in micros. `daily_trend` has a (UTC day, cost) for each day up to today."""

    period: Period
    cost: int
    projected_cost: int
    breakdown: tuple[CostShare, ...]
    daily_trend: tuple[tuple[str, int], ...]


class CurrentBilling(NamedTuple):
    """The bill of an open period, with its plan, its fee, and the numbers of running and of ended sessions."""

    bill: CurrentBill
    plan: Plan
    fee: Fee
    currency: str
    active_sessions: int
    completed_sessions: int


class BillingOverview(NamedTuple):
    """The current period, its draft if it has one, and the issued invoices that are not void, newest first."""

    current: CurrentBilling
    draft: Invoice | None
    invoices: tuple[Invoice, ...]


def lines_of(prices: PriceList, quantities: Quantities, *, part: Fraction = WHOLE) -> tuple[CostLine, ...]:
    """The lines of a period, sorted by meter and sku, without meters that settle from the wallet.

    A meter with a base fee that was not used has a line of quantity 0. So has usage that no catalog sells, if there is
    such, an amount of 0. `part` is the part of the period that ran, if a plan change ended it early.
    """
    counted = dict.fromkeys(_base_fees(prices), Decimal(0)) | quantities
    lines = []
    for (name, sku), quantity in sorted(counted.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        found = prices.find(name, sku)
        if found is None:
            lines.append(CostLine(name, sku, name, quantity, 0))
        elif found.meter.settles == "invoice":
            amount = round_to_minor(rate(found.price, quantity, part=part), prices.currency)
            if amount or quantity:
                lines.append(CostLine(name, sku, found.meter.resource_type, quantity, amount))
    return tuple(lines)


def usage_cost(prices: PriceList, billing_period: BillingPeriod, quantities: Quantities) -> int:
    """The total of the period's bill, in micros."""
    return sum(line.amount for line in lines_of(prices, quantities, part=billing_period.part))


def costs_of(
    prices: PriceList,
    billing_period: BillingPeriod,
    quantities: Quantities,
    by_day: Mapping[str, Quantities],
    *,
    until: datetime,
) -> PeriodCosts:
    """The costs of a period up to `until`. Each line's amount is split over the days by the quantities `by_day`; that
    of a line without a quantity is on the first day.
    """
    lines = lines_of(prices, quantities, part=billing_period.part)
    days = utc_days(billing_period.period.start, min(until, billing_period.period.end - timedelta(milliseconds=1)))
    by_type: dict[str, list[int]] = {}
    for line in lines:
        costs = by_type.setdefault(line.resource_type, [0] * len(days))
        weights = [by_day.get(day, {}).get((line.meter, line.sku), Decimal(0)) for day in days]
        for index, part in enumerate(spread(line.amount, weights, unit=minor_unit(prices.currency))):
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
    return round_ratio(cost // unit * period.days, by=period.days_elapsed(now)) * unit


def breakdown(costs: Mapping[str, int]) -> tuple[CostShare, ...]:
    """Costs by resource type, highest first, each with its percentage of their sum."""
    whole = sum(costs.values())
    highest_first = sorted(costs.items(), key=lambda item: (-item[1], item[0]))
    return tuple(CostShare(kind, amount, percentage(amount, whole)) for kind, amount in highest_first)


def utc_days(first: datetime, last: datetime) -> tuple[str, ...]:
    """The UTC days from that of `first` to that of `last`; at least one."""
    count = (last.date() - first.date()).days + 1
    return tuple(day_of(first + timedelta(days=offset)) for offset in range(max(1, count)))


def _base_fees(prices: PriceList) -> Iterator[tuple[str, None]]:
    """Each meter of the period's own catalog with a base fee, and no sku."""
    for name in prices.own.catalog.meters:
        if base_fee(prices.own.catalog.meters[name].price(plan=prices.own.plan, sku=None)):
            yield name, None
