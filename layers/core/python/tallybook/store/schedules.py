"""An account's calendar, as part of its item."""

from collections.abc import Sequence

from tallybook.domain.periods import BillingSchedule
from tallybook.domain.times import instant_or_none, parse_instant, stamp
from tallybook.store.commands import Item


def schedule_items(schedule: BillingSchedule) -> list[Item]:
    """A calendar and those before it, oldest first."""
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
        raise LookupError("an account without a calendar")
    return schedule
