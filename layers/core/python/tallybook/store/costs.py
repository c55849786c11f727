"""The costs of closed periods, by line and by day, so that the history of a range needs one query."""

from datetime import UTC, datetime, timedelta

from tallybook.domain.bill import CostLine, PeriodCosts, utc_days
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import LONGEST
from tallybook.store import keys
from tallybook.store.commands import Item, Put
from tallybook.store.schedules import period_item, read_period

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)


def put_costs(account_id: str, costs: PeriodCosts, *, currency: str) -> Put:
    """Written when the period is closed, and never changed. Stored amounts are in minor units."""
    unit = minor_unit(currency)
    return Put(
        keys.costs(account_id, costs.period.start),
        {
            **period_item(costs.period),
            "shards": costs.shards,
            "currency": currency,
            "lines": [
                [line.meter, line.sku, line.resource_type, line.quantity, line.amount // unit] for line in costs.lines
            ],
            "by_type": {kind: [cost // unit for cost in of_days] for kind, of_days in costs.by_type.items()},
        },
    )


def costs_range(account_id: str, start: datetime, end: datetime) -> tuple[str, str, str]:
    """(pk, first sk, last sk) of the closed periods that may contain an instant from `start` to `end`."""
    first, last = keys.costs(account_id, max(start, _FIRST) - LONGEST), keys.costs(account_id, max(end, _FIRST))
    return first.pk, first.sk, last.sk


def read_costs(item: Item) -> PeriodCosts:
    unit = minor_unit(item["currency"])
    period = read_period(item)
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
