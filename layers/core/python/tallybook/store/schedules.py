"""Billing schedules and periods, as parts of other items."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallybook.domain.periods import BillingSchedule, Period
from tallybook.domain.times import instant_or_none, parse_instant, stamp
from tallybook.store.commands import Item


def schedule_items(schedule: BillingSchedule) -> list[Item]:
    """The schedule and the earlier ones, oldest first."""
    items: list[Item] = []
    last: BillingSchedule | None = schedule
    while last is not None:
        item: Item = {"anchor": stamp(last.anchor), "zone": last.zone}
        items.insert(0, item | ({"since": stamp(last.since), "first": last.first} if last.since else {}))
        last = last.before
    return items


def read_schedule(items: Sequence[Item]) -> BillingSchedule:
    schedule: BillingSchedule | None = None
    for item in items:
        schedule = BillingSchedule(
            anchor=parse_instant(item["anchor"]),
            zone=item["zone"],
            since=instant_or_none(item.get("since")),
            first=int(item.get("first", 0)),
            before=schedule,
        )
    if schedule is None:
        raise LookupError("an account without a billing schedule")
    return schedule


def period_item(period: Period) -> Item:
    """The attributes `start`, `end` and `zone`, as part of a larger item."""
    return {"start": stamp(period.start), "end": stamp(period.end), "zone": period.zone}


def read_period(item: Mapping[str, Any]) -> Period:
    return Period(start=parse_instant(item["start"]), end=parse_instant(item["end"]), zone=item["zone"])
