"""What a period costs so far, built the way its invoice is: each (meter, sku) rated once, rounded once, then summed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

from tallybook.domain.catalog import Catalog, Plan
from tallybook.domain.money import EXACT, minor_unit, percentage, round_to_minor, spread
from tallybook.domain.periods import Period
from tallybook.domain.rating import rate
from tallybook.domain.times import day_of
from tallybook.domain.usage import Quantities


@dataclass(frozen=True, slots=True)
class Line:
    """One (meter, sku) of a period: its summed quantity and its rounded amount in micros."""

    meter: str
    sku: str | None
    resource_type: str
    quantity: Decimal
    amount: int


@dataclass(frozen=True, slots=True)
class Share:
    resource_type: str
    cost: int
    percentage: Decimal


@dataclass(frozen=True, slots=True)
class CurrentBill:
    """The estimate of an open period; amounts in micros, `daily_trend` one (UTC day, cost) a day up to today."""

    period: Period
    cost: int
    projected_cost: int
    breakdown: tuple[Share, ...]
    daily_trend: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class CurrentBilling:
    """The bill with what stands beside it: the plan and its fee, and how many sessions run or have ended."""

    bill: CurrentBill
    plan: Plan
    currency: str
    active_sessions: int
    completed_sessions: int


def lines_of(catalog: Catalog, *, plan: str, quantities: Quantities) -> tuple[Line, ...]:
    """The invoice-settled lines of a period, by meter and sku. What the wallet settles is not on a bill."""
    lines = []
    for (name, sku), quantity in sorted(quantities.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        meter = catalog.meters[name]
        if meter.settles != "invoice":
            continue
        price = meter.price(plan=plan, sku=sku)
        amount = round_to_minor(rate(price, quantity), catalog.currency) if price else 0
        lines.append(Line(name, sku, meter.resource_type, quantity, amount))
    return tuple(lines)


def current_bill(
    catalog: Catalog,
    *,
    plan: str,
    period: Period,
    quantities: Quantities,
    by_day: Mapping[str, Quantities],
    now: datetime,
) -> CurrentBill:
    """The bill of the period at `now`. `by_day` only weighs: the days of the trend always add up to the cost."""
    lines = lines_of(catalog, plan=plan, quantities=quantities)
    cost = sum(line.amount for line in lines)
    return CurrentBill(
        period=period,
        cost=cost,
        projected_cost=projected(cost, period=period, now=now, currency=catalog.currency),
        breakdown=_breakdown(lines, cost),
        daily_trend=_trend(lines, by_day, days=_days(period, now), unit=minor_unit(catalog.currency)),
    )


def projected(cost: int, *, period: Period, now: datetime, currency: str) -> int:
    """cost / days elapsed x days of the period: 12.84 on 20 April of 04-01..04-30 is 19.26."""
    unit = minor_unit(currency)
    with localcontext(EXACT):
        exact = Decimal(cost // unit * period.days) / period.days_elapsed(now)
        return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)) * unit


def _breakdown(lines: tuple[Line, ...], cost: int) -> tuple[Share, ...]:
    costs: dict[str, int] = {}
    for line in lines:
        costs[line.resource_type] = costs.get(line.resource_type, 0) + line.amount
    dearest_first = sorted(costs.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Share(kind, amount, percentage(amount, cost)) for kind, amount in dearest_first)


def _trend(
    lines: tuple[Line, ...], by_day: Mapping[str, Quantities], *, days: tuple[str, ...], unit: int
) -> tuple[tuple[str, int], ...]:
    costs = dict.fromkeys(days, 0)
    for line in lines:
        weights = [by_day.get(day, {}).get((line.meter, line.sku), Decimal(0)) for day in days]
        for day, part in zip(days, spread(line.amount, weights, unit=unit), strict=True):
            costs[day] += part
    return tuple(costs.items())


def _days(period: Period, now: datetime) -> tuple[str, ...]:
    """Each UTC day from the period's start to today, or to its last second where that is past."""
    last = min(now, period.end - timedelta(seconds=1))
    first = period.start
    count = (last.date() - first.date()).days + 1
    return tuple(day_of(first + timedelta(days=offset)) for offset in range(max(1, count)))
