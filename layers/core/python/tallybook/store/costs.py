"""What the usage of closed periods cost, line by line and day by day: a range of history is one query of them."""

from datetime import UTC, datetime, timedelta

from tallybook.domain.bill import CostLine, PeriodCosts, utc_days
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import Period
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Item, Put

_LONGEST = timedelta(days=32)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


def put_costs(account_id: str, costs: PeriodCosts, *, currency: str) -> Put:
    """Written when the period is closed, and never changed; amounts are in minor units."""
    unit = minor_unit(currency)
    return Put(
        keys.costs(account_id, costs.period.start),
        {
            "start": stamp(costs.period.start),
            "end": stamp(costs.period.end),
            "zone": costs.period.zone,
            "shards": costs.shards,
            "currency": currency,
            "lines": [
                [line.meter, line.sku, line.resource_type, line.quantity, line.amount // unit] for line in costs.lines
            ],
            "by_type": {kind: [cost // unit for cost in of_days] for kind, of_days in costs.by_type.items()},
        },
    )


def costs_range(account_id: str, start: datetime, end: datetime) -> tuple[str, str, str]:
    """(pk, first sk, last sk) of the closed periods that any instant from `start` to `end` may belong to."""
    first, last = keys.costs(account_id, max(start, _FIRST) - _LONGEST), keys.costs(account_id, max(end, _FIRST))
    return first.pk, first.sk, last.sk


def read_costs(item: Item) -> PeriodCosts:
    unit = minor_unit(item["currency"])
    period = Period(start=parse_instant(item["start"]), end=parse_instant(item["end"]), zone=item["zone"])
    return PeriodCosts(
        period=period,
        shards=int(item["shards"]),
        lines=tuple(
            CostLine(meter, sku, kind, quantity, int(amount) * unit)
            for meter, sku, kind, quantity, amount in item["lines"]
        ),
        days=utc_days(period.start, period.end - timedelta(milliseconds=1)),
        by_type={kind: tuple(int(cost) * unit for cost in of_days) for kind, of_days in item["by_type"].items()},
    )
