"""Event markers: the proof that an event was counted, kept 36 days, and what it said."""

from datetime import datetime

from boto3.dynamodb.conditions import Attr

from tallybook.domain.jobs import partition
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.domain.usage import MARKER_LIFE, Event, plain
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update


def put_marker(event: Event, *, now: datetime, period_start: datetime, late_for: datetime | None = None) -> Put:
    """WriteConflict where the event was counted before; the stored content then tells a duplicate from a conflict.

    `late_for` is the start of the period whose invoice holds it, where that is not its own.
    """
    return Put(
        keys.marker(event.identity),
        {
            "content": event.content,
            "account_id": event.account_id,
            "period": stamp(period_start),
            "late_for": stamp_or_none(late_for),
            "meter": event.meter,
            "sku": event.sku,
            "quantity": plain(event.quantity),
            "expires": int((now + MARKER_LIFE).timestamp()),
        },
    )


def same_content(item: Item | None, event: Event) -> bool:
    return item is not None and item["content"] == event.content


def mark_dirty(account_id: str, *, now: str) -> Update:
    """The account has usage that no check has seen; `due` stays that of the first unseen one."""
    return Update(
        keys.dirty(account_id),
        first={"work": partition("dirty", account_id), "due": now, "account_id": account_id},
        add={"version": 1},
        condition=None,
    )


def unmark_dirty(mark: Item) -> Update:
    """All that was counted has been looked at; refused where more was counted since the mark was read.

    The mark itself stays, so that no later one has the same version and is taken for it.
    """
    version = mark["version"]
    return Update(
        keys.dirty(mark["account_id"]),
        set={"seen": version},
        remove=("work", "due"),
        condition=Attr("version").eq(version),
    )


def still_dirty(mark: Item, *, now: str) -> Update:
    """What was counted while a check looked is due from now; what it had been marked for is seen."""
    return Update(keys.dirty(mark["account_id"]), set={"due": now}, condition=Attr("due").eq(mark["due"]))
