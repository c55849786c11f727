"""Billing schedules and periods, as parts of other items."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tallybook.domain.periods import BillingSchedule, Period, wall_instant, wall_time
from tallybook.domain.times import parse_instant, stamp
from tallybook.store.commands import Item


def schedule_items(schedule: BillingSchedule) -> list[Item]:
    """The schedule and the earlier ones, oldest first.

    `wall` is the anchor. `anchor` repeats it as an instant for the release before, which stored no wall time.
    """
    items: list[Item] = []
    last: BillingSchedule | None = schedule
    while last is not None:
        anchor = last.since if last.first == 0 else wall_instant(last.anchor, last.zone)
        wall = last.anchor.isoformat(timespec="milliseconds")
        item: Item = {"anchor": stamp(anchor), "wall": wall, "zone": last.zone}
        replaced = last.before is not None or last.first > 0
        items.insert(0, item | ({"since": stamp(last.since), "first": last.first} if replaced else {}))
        last = last.before
    return items


def read_schedule(items: Sequence[Mapping[str, Any]]) -> BillingSchedule:
    """Also reads schedules without `wall`: their wall time is that of the instant `anchor` in their own zone."""
    schedule: BillingSchedule | None = None
    for item in items:
        anchor = parse_instant(item["anchor"])
        wall = item.get("wall")
        schedule = BillingSchedule(
            anchor=datetime.fromisoformat(wall) if wall else wall_time(anchor, item["zone"]),
            zone=item["zone"],
            since=parse_instant(item["since"]) if "since" in item else anchor,
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
