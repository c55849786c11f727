"""Periods and their counters: opening one, adding to it through its fence, and reading what it holds.

A counter's quantities are attributes `q:meter` or `q:meter:sku`. The counter `period#0` also holds what the period
pinned, and every shard of `period` holds `open` for as long as usage may be added.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, localcontext

from boto3.dynamodb.conditions import Attr

from tallybook.domain.accounts import Account
from tallybook.domain.money import EXACT
from tallybook.domain.periods import Period
from tallybook.domain.times import parse_instant, stamp
from tallybook.domain.usage import Quantities
from tallybook.domain.usage_period import OpenedPeriod
from tallybook.store import keys
from tallybook.store.commands import Check, Command, Item, Put, Update
from tallybook.store.keys import Key

_QUANTITY = "q:"
_FENCE = "period"


def fence(account_id: str, period: Period, shard: int = 0) -> Key:
    return keys.counter(account_id, period.start, _FENCE, shard)


def open_period(account: Account, opened: OpenedPeriod) -> tuple[Put, ...]:
    """The period's fence, in each shard; refused where it has been opened before."""
    pinned = {
        "account_id": account.id,
        "start": stamp(opened.period.start),
        "end": stamp(opened.period.end),
        "zone": opened.period.zone,
        "plan": opened.plan,
        "catalog_version": opened.catalog_version,
        "shards": opened.shards,
    }
    return tuple(
        Put(fence(account.id, opened.period, shard), {"open": True, **(pinned if shard == 0 else {})})
        for shard in range(opened.shards)
    )


def unchanged_subscription(account: Account) -> Check:
    """A period is opened for the plan and anchor that the account still has."""
    same = (
        Attr("plan").eq(account.plan)
        & Attr("anchor").eq(stamp(account.anchor))
        & Attr("time_zone").eq(account.time_zone)
        & Attr("status").ne("deleted")
    )
    return Check(keys.account(account.id), same)


def add_usage(account_id: str, period: Period, sums: Mapping[str, Quantities], *, shard: int) -> tuple[Command, ...]:
    """One addition for each counter; the one on the fence holds only while the period is open."""
    return tuple(
        Update(
            keys.counter(account_id, period.start, name, shard),
            add={_attribute(*what): quantity for what, quantity in quantities.items()},
            condition=Attr("open").exists() if name == _FENCE else None,
        )
        for name, quantities in sums.items()
    )


def count_completed(account_id: str, period: Period) -> Update:
    """One more session that ended within the period, while it is open."""
    return Update(fence(account_id, period), add={"completed": 1}, condition=Attr("open").exists())


def read_opened(item: Item) -> OpenedPeriod:
    return OpenedPeriod(
        period=Period(start=parse_instant(item["start"]), end=parse_instant(item["end"]), zone=item["zone"]),
        plan=item["plan"],
        catalog_version=int(item["catalog_version"]),
        shards=int(item["shards"]),
        is_open="open" in item,
        completed_sessions=int(item.get("completed", 0)),
    )


def billed_range(account_id: str, period_start: datetime) -> tuple[str, str, str]:
    """(pk, first sk, last sk) of all that a bill is made from: the days and the whole."""
    return (keys.counter(account_id, period_start, _FENCE, 0).pk, *keys.BILLED)


def quantities_of(items: Iterable[Item]) -> Quantities:
    """The summed quantities of counters, by meter and sku."""
    sums: Quantities = {}
    with localcontext(EXACT):
        for item in items:
            for attribute, quantity in item.items():
                if attribute.startswith(_QUANTITY):
                    what = _what(attribute)
                    sums[what] = sums.get(what, Decimal(0)) + quantity
    return sums


def is_fence(item: Item) -> bool:
    return str(item["sk"]).startswith(f"{_FENCE}#")


def day_of_counter(item: Item) -> str:
    return str(item["sk"]).split("#")[1]


def _attribute(meter: str, sku: str | None) -> str:
    return f"{_QUANTITY}{meter}:{sku}" if sku else f"{_QUANTITY}{meter}"


def _what(attribute: str) -> tuple[str, str | None]:
    meter, _, sku = attribute.removeprefix(_QUANTITY).partition(":")
    return meter, sku or None
