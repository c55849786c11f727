"""Event markers, which prove for 36 days that an event was counted; and the dirty mark of accounts to check."""

from datetime import datetime

from boto3.dynamodb.conditions import Attr

from tallybook.domain.jobs import partition
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.domain.usage import MARKER_LIFE, Event, decimal_text
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update


def put_marker(event: Event, *, now: datetime, period_start: datetime, late_for: datetime | None = None) -> Put:
    """The proof that the event is counted; WriteConflict with the stored item if it was counted before.

    `late_for` is the start of the period whose invoice bills a late event.
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
            "quantity": decimal_text(event.quantity),
            "expires": int((now + MARKER_LIFE).timestamp()),
        },
    )


def same_content(item: Item | None, event: Event) -> bool:
    return item is not None and item["content"] == event.content


def mark_dirty(account_id: str, *, now: str) -> Update:
    """Mark that the account has usage to check; `due` stays the instant of the first unchecked usage."""
    return Update(
        keys.dirty(account_id),
        first={"work": partition("dirty", account_id), "due": now, "account_id": account_id},
        add={"version": 1},
        condition=None,
    )


def clear_dirty(mark: Item) -> Update:
    """Remove the mark, after a check of all usage up to it; WriteConflict if usage was counted since it was read.

    The item stays, so that a later mark gets a higher version.
    """
    version = mark["version"]
    return Update(
        keys.dirty(mark["account_id"]),
        set={"seen": version},
        remove=("work", "due"),
        condition=Attr("version").eq(version),
    )


def keep_dirty(mark: Item, *, now: str) -> Update:
    """Keep the mark, due at `now`, because usage was counted during the check that began then."""
    return Update(keys.dirty(mark["account_id"]), set={"due": now}, condition=Attr("due").eq(mark["due"]))
