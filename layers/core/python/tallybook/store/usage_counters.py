"""Counters: the summed quantities of a period, in all and by day, user, session and app.

A quantity is an attribute, `q:meter` or `q:meter:sku`. The counter of the whole period is its period key, so usage is
only accepted while the period is open. Later usage is added to the closed period's counters `late#…`, if the period
whose invoice will bill it is open; that period lists the closed one in `late`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, localcontext

from tallybook.domain.money import EXACT
from tallybook.domain.periods import Period
from tallybook.domain.times import parse_instant
from tallybook.domain.usage import Quantities
from tallybook.store import keys
from tallybook.store.commands import Addend, Command, Item, Update
from tallybook.store.keys import Key
from tallybook.store.periods import OPEN, PERIOD, bill_again

_QUANTITY = "q:"


def add_usage(account_id: str, period: Period, sums: Mapping[str, Quantities], *, shard: int) -> tuple[Command, ...]:
    """One addition for each counter; that to the period key requires that the period is open."""
    return tuple(
        Update(
            keys.counter(account_id, period.start, name, shard),
            add=_addends(quantities) | ({"version": 1} if name == PERIOD else {}),
            condition=OPEN if name == PERIOD else None,
        )
        for name, quantities in sums.items()
    )


def add_late_usage(
    account_id: str, period: Period, sums: Mapping[str, Quantities], *, target: datetime
) -> tuple[Command, ...]:
    """One addition for each counter of a closed period; requires that the period that starts at `target` is open."""
    additions = (
        Update(keys.counter(account_id, period.start, name, 0), add=_addends(quantities), condition=None)
        for name, quantities in sums.items()
    )
    return (*additions, bill_again(account_id, period.start, target=target))


def session_counters(account_id: str, period: Period, session_id: str, *, shards: int) -> list[Key]:
    """The counters of a session's usage in the period."""
    return [keys.counter(account_id, period.start, f"session#{session_id}", shard) for shard in range(shards)]


def billed_range(account_id: str, period_start: datetime) -> tuple[str, str, str]:
    """(pk, first sk, last sk) of the counters for a period's bill: its days and its period keys."""
    return (keys.counter(account_id, period_start, PERIOD, 0).pk, *keys.BILLED)


def rated_range(account_id: str, period_start: str) -> tuple[str, str, str]:
    """(pk, first sk, last sk) of the counters for rating a closed period again: its late usage and its period keys."""
    return (keys.counter(account_id, parse_instant(period_start), PERIOD, 0).pk, *keys.RATED)


def quantities_of(counters: Iterable[Item]) -> Quantities:
    """The summed quantities of counters, by meter and sku."""
    sums: Quantities = {}
    with localcontext(EXACT):
        for counter in counters:
            for attribute, quantity in counter.items():
                if attribute.startswith(_QUANTITY):
                    meter_and_sku = _meter_and_sku(attribute)
                    sums[meter_and_sku] = sums.get(meter_and_sku, Decimal(0)) + quantity
    return sums


def by_day(items: Iterable[Item]) -> dict[str, Quantities]:
    """The summed quantities of each day among the items of `billed_range`."""
    days: dict[str, list[Item]] = {}
    for item in items:
        kind, day, *_ = str(item["sk"]).split("#")
        if kind == "day":
            days.setdefault(day, []).append(item)
    return {day: quantities_of(counters) for day, counters in days.items()}


def _addends(quantities: Quantities) -> dict[str, Addend]:
    return {_attribute(*meter_and_sku): quantity for meter_and_sku, quantity in quantities.items()}


def _attribute(meter: str, sku: str | None) -> str:
    return f"{_QUANTITY}{meter}:{sku}" if sku else f"{_QUANTITY}{meter}"


def _meter_and_sku(attribute: str) -> tuple[str, str | None]:
    meter, _, sku = attribute.removeprefix(_QUANTITY).partition(":")
    return meter, sku or None
