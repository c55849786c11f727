"""Levels of template storage: what each user, and each account as a whole, had stored in each hour of a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from tallybook.domain.quotas import GAUGE_METER
from tallybook.domain.times import day_of
from tallybook.domain.usage import MARKER_LIFE, Event
from tallybook.store import keys
from tallybook.store.commands import Item, Update
from tallybook.store.keys import Key


def gauge_keys_of(event: Event) -> set[Key]:
    """Where the event tells of a level: nowhere unless it is of that meter."""
    if event.meter != GAUGE_METER:
        return set()
    day = day_of(event.instant)
    whose = {None, event.user_id}
    return {keys.gauge(event.account_id, user_id, day) for user_id in whose}


def add_gauges(events: Iterable[Event]) -> list[Update]:
    """One addition for each item, however many events tell of it."""
    sums: dict[Key, dict[str, Decimal]] = {}
    ends: dict[Key, int] = {}
    for event in events:
        for key in gauge_keys_of(event):
            hours = sums.setdefault(key, {})
            name = _hour(event.instant)
            hours[name] = hours.get(name, Decimal(0)) + event.quantity
            ends[key] = int((event.instant + MARKER_LIFE).timestamp())
    return [Update(key, set={"expires": ends[key]}, add=hours, condition=None) for key, hours in sums.items()]


def gauge_keys(account_id: str, user_id: str | None, *, now: datetime) -> tuple[Key, Key]:
    """Today's item and yesterday's."""
    return keys.gauge(account_id, user_id, day_of(now)), keys.gauge(
        account_id, user_id, day_of(now - timedelta(days=1))
    )


def gauge_value(today: Item | None, yesterday: Item | None, *, now: datetime) -> Decimal:
    """The level of the latest of the last three hours that was told of, or what the present one has come to already.

    So nothing is stored three hours after the last word of it.
    """
    days = {day_of(now): today or {}, day_of(now - timedelta(days=1)): yesterday or {}}
    told = [days[day_of(hour)].get(_hour(hour)) for hour in (now - timedelta(hours=ago) for ago in range(4))]
    latest = next((gauge for gauge in told[1:] if gauge is not None), 0)
    return max(Decimal(told[0] or 0), Decimal(latest))


def _hour(instant: datetime) -> str:
    return f"h:{instant.hour:02d}"
