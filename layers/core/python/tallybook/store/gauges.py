"""Gauges of template storage: the GB that a user, or the whole account, stored in each hour of a day."""

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
    """The gauges that the event adds to: the account's and its user's; none if it is of another meter."""
    if event.meter != GAUGE_METER:
        return set()
    day = day_of(event.instant)
    return {keys.gauge(event.account_id, user_id, day) for user_id in (None, event.user_id)}


def add_gauges(events: Iterable[Event]) -> list[Update]:
    """One addition for each gauge, summed over the events."""
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
    today, yesterday = day_of(now), day_of(now - timedelta(days=1))
    return keys.gauge(account_id, user_id, today), keys.gauge(account_id, user_id, yesterday)


def gauge_value(today: Item | None, yesterday: Item | None, *, now: datetime) -> Decimal:
    """The value of the latest hour reported in the last three, or the current hour's sum so far if that is higher.

    So it is 0 if nothing was reported for three hours. Source: docs/decisions.md, "Quotas".
    """
    days = {day_of(now): today or {}, day_of(now - timedelta(days=1)): yesterday or {}}
    hours = [now - timedelta(hours=ago) for ago in range(4)]
    current, *past = [days[day_of(hour)].get(_hour(hour)) for hour in hours]
    latest = next((value for value in past if value is not None), 0)
    return max(Decimal(current or 0), Decimal(latest))


def _hour(instant: datetime) -> str:
    return f"h:{instant.hour:02d}"
