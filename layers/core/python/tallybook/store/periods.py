"""Periods and their counters: opening one, adding to it through its fence, and reading what it holds.

A counter's quantities are attributes `q:meter` or `q:meter:sku`. The counter `period#0` also holds what the period
pinned, and every shard of `period` holds `open` for as long as usage may be added. What comes later stands in the
period's counters `late#`, each counted under the fence of the period whose invoice will hold it, and named there in
`late`. `version` moves with all that an invoice is made from, so that one can be made of exactly what was read.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, localcontext

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.money import EXACT
from tallybook.domain.periods import Period
from tallybook.domain.times import instant_or_none, parse_instant, stamp
from tallybook.domain.usage import Quantities
from tallybook.store import keys
from tallybook.store.accounts import subscribed_as
from tallybook.store.commands import Addend, Check, Command, Item, Put, Update
from tallybook.store.keys import Key

_QUANTITY = "q:"
_FENCE = "period"
_OPEN = Attr("open").exists()


def period_key(account_id: str, period: Period, shard: int = 0) -> Key:
    return keys.counter(account_id, period.start, _FENCE, shard)


def open_period(account: Account, opened: BillingPeriod) -> tuple[Put, ...]:
    """The period's fence, in each shard; refused where it has been opened before."""
    pinned = {
        "account_id": account.id,
        "start": stamp(opened.period.start),
        "end": stamp(opened.period.end),
        "zone": opened.period.zone,
        "plan": opened.plan,
        "catalog_version": opened.catalog_version,
        "shards": opened.shards,
        "completed": opened.completed_sessions or None,
    }
    return tuple(
        Put(period_key(account.id, opened.period, shard), {"open": True, **(pinned if shard == 0 else {})})
        for shard in range(opened.shards)
    )


def unchanged_subscription(account: Account) -> Check:
    """A period is opened for the plan and by the calendar that the account still has."""
    return Check(keys.account(account.id), subscribed_as(account) & Attr("status").ne("deleted"))


def add_usage(account_id: str, period: Period, sums: Mapping[str, Quantities], *, shard: int) -> tuple[Command, ...]:
    """One addition for each counter; the one on the fence holds only while the period is open."""
    return tuple(
        Update(
            keys.counter(account_id, period.start, name, shard),
            add=_added(quantities) | ({"version": 1} if name == _FENCE else {}),
            condition=_OPEN if name == _FENCE else None,
        )
        for name, quantities in sums.items()
    )


def add_late_usage(
    account_id: str, period: Period, sums: Mapping[str, Quantities], *, target: datetime
) -> tuple[Command, ...]:
    """One addition for each counter of a closed period, provided that the period that starts at `target` is open."""
    counted = (
        Update(keys.counter(account_id, period.start, name, 0), add=_added(quantities), condition=None)
        for name, quantities in sums.items()
    )
    told = Update(
        keys.counter(account_id, target, _FENCE, 0), add={"version": 1, "late": {stamp(period.start)}}, condition=_OPEN
    )
    return (*counted, told)


def count_completed(account_id: str, period: Period) -> Update:
    """One more session that ended within the period, while it is open."""
    return Update(period_key(account_id, period), add={"completed": 1}, condition=_OPEN)


def session_counters(account_id: str, period: Period, session_id: str, *, shards: int) -> list[Key]:
    """Where a session's usage in the period stands."""
    return [keys.counter(account_id, period.start, f"session#{session_id}", shard) for shard in range(shards)]


def still_open(account_id: str, period: Period) -> Check:
    """Nothing has closed the period."""
    return Check(period_key(account_id, period), _OPEN)


def repin(account_id: str, opened: BillingPeriod) -> Update:
    """A period that has been opened, for another plan; whatever was counted in it stays and is this plan's."""
    pinned = {
        "end": stamp(opened.period.end),
        "zone": opened.period.zone,
        "plan": opened.plan,
        "catalog_version": opened.catalog_version,
    }
    return Update(period_key(account_id, opened.period), set=pinned, add={"version": 1}, condition=_OPEN)


def never_opened(account_id: str, period: Period) -> Check:
    """Nobody has opened the period, so that nothing was counted in it."""
    return Check(period_key(account_id, period), Attr("pk").not_exists())


def close_period(account_id: str, closed: BillingPeriod, fences: Iterable[Item]) -> tuple[Update, ...]:
    """No usage goes into the period any more, provided that none has since its fences were read.

    `closed` says what it was billed at, and where a plan change cut it short.
    """
    facts: Item = {"billed": closed.billed}
    if closed.cut_from is not None:
        facts |= {"end": stamp(closed.period.end), "cut_from": stamp(closed.cut_from)}
    return tuple(
        Update(
            Key("usage", item["pk"], item["sk"]),
            set=facts if item["sk"] == period_key(account_id, closed.period).sk else {},
            remove=("open",),
            condition=_OPEN & _unchanged(item, "version"),
        )
        for item in fences
    )


def bill_late(account_id: str, before: BillingPeriod, amount: int) -> Update:
    """So much more was billed for a closed period; one correction at a time."""
    unchanged = Attr("billed").eq(before.billed) & Attr("open").not_exists()
    return Update(period_key(account_id, before.period), set={"billed": before.billed + amount}, condition=unchanged)


def read_billing_period(item: Item) -> BillingPeriod:
    return BillingPeriod(
        period=Period(start=parse_instant(item["start"]), end=parse_instant(item["end"]), zone=item["zone"]),
        plan=item["plan"],
        catalog_version=int(item["catalog_version"]),
        shards=int(item["shards"]),
        is_open="open" in item,
        completed_sessions=int(item.get("completed", 0)),
        cut_from=instant_or_none(item.get("cut_from")),
        late=frozenset(item.get("late", ())),
        billed=int(item.get("billed", 0)),
    )


def billing_period_of(fences: Iterable[Item]) -> BillingPeriod | None:
    """What the period pinned: it stands on its fence's first shard."""
    return next((read_billing_period(item) for item in fences if "start" in item), None)


def rated_range(account_id: str, period_start: str) -> tuple[str, str, str]:
    """(pk, first sk, last sk) of all that a closed period is rated from: the whole, and what came late."""
    return (keys.counter(account_id, parse_instant(period_start), _FENCE, 0).pk, *keys.RATED)


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


def is_period_key(item: Item) -> bool:
    return str(item["sk"]).startswith(f"{_FENCE}#")


def by_day(items: Iterable[Item]) -> dict[str, Quantities]:
    """The summed quantities of each day that a query of `billed_range` found."""
    days: dict[str, list[Item]] = {}
    for item in items:
        kind, day, *_ = str(item["sk"]).split("#")
        if kind == "day":
            days.setdefault(day, []).append(item)
    return {day: quantities_of(counters) for day, counters in days.items()}


def _added(quantities: Quantities) -> dict[str, Addend]:
    return {_attribute(*what): quantity for what, quantity in quantities.items()}


def _unchanged(item: Item, attribute: str) -> ConditionBase:
    return Attr(attribute).eq(item[attribute]) if attribute in item else Attr(attribute).not_exists()


def _attribute(meter: str, sku: str | None) -> str:
    return f"{_QUANTITY}{meter}:{sku}" if sku else f"{_QUANTITY}{meter}"


def _what(attribute: str) -> tuple[str, str | None]:
    meter, _, sku = attribute.removeprefix(_QUANTITY).partition(":")
    return meter, sku or None
