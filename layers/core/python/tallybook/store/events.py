"""Event markers, which prove for 36 days that an event was counted; and the dirty mark of accounts to check.

A marker is written with each event, and a started KB costs two units, so the attributes of a marker are short:

    s i     source and id               a       accepted at
    t       the event's time            k       platform key that sent it
    u n p   user, session, app          l v c   plan, catalog version, price
    e m     ledger entry, amount in micros

Instants are milliseconds since 1970, and ids that are UUIDs have 16 bytes. Older markers lack these attributes, and
have the 20 bytes of `content` as 40 hex digits.
"""

import re
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr

from tallybook.domain.counted_events import Acceptance, CountedEvent
from tallybook.domain.jobs import partition
from tallybook.domain.times import EPOCH, instant_or_none, parse_instant, stamp, stamp_or_none
from tallybook.domain.usage import MARKER_LIFE, Event, decimal_text
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def put_marker(event: Event, acceptance: Acceptance) -> Put:
    """The proof that the event is counted; WriteConflict with the stored item if it was counted before."""
    return Put(
        keys.marker(event.identity),
        {
            "content": bytes.fromhex(event.content),
            "account_id": event.account_id,
            "period": stamp(acceptance.period_start),
            "late_for": stamp_or_none(acceptance.late_for),
            "meter": event.meter,
            "sku": event.sku,
            "quantity": decimal_text(event.quantity),
            "s": event.source,
            "i": event.id,
            "t": _milliseconds(event.time),
            "u": _pack(event.user_id),
            "n": _pack(event.session_id),
            "p": _pack(event.app_id),
            "a": _milliseconds(acceptance.at),
            "k": _pack(acceptance.key_id),
            "l": acceptance.plan,
            "v": acceptance.catalog_version,
            "c": acceptance.price,
            "e": _pack(acceptance.entry_id),
            "m": acceptance.amount,
            "expires": int((acceptance.at + MARKER_LIFE).timestamp()),
        },
    )


def read_marker(item: Item, *, source: str, id: str) -> CountedEvent:
    """The event with this source and id, which older markers do not have.

    Of those, the instant of acceptance is known to the second.
    """
    expires = datetime.fromtimestamp(int(item["expires"]), UTC)
    return CountedEvent(
        source=source,
        id=id,
        account_id=item["account_id"],
        meter=item["meter"],
        sku=item.get("sku"),
        quantity=Decimal(item["quantity"]),
        time=_instant(item.get("t")),
        user_id=_unpack(item.get("u")),
        session_id=_unpack(item.get("n")),
        app_id=_unpack(item.get("p")),
        acceptance=Acceptance(
            at=_instant(item.get("a")) or expires - MARKER_LIFE,
            period_start=parse_instant(item["period"]),
            late_for=instant_or_none(item.get("late_for")),
            key_id=_unpack(item.get("k")),
            plan=item.get("l"),
            catalog_version=None if "v" not in item else int(item["v"]),
            price=item.get("c"),
            entry_id=_unpack(item.get("e")),
            amount=None if "m" not in item else int(item["m"]),
        ),
    )


def stored_content(item: Item) -> str:
    """The 40 hex digits of the event's content, however the marker has them."""
    content = item["content"]
    return content if isinstance(content, str) else bytes(content).hex()


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


def _milliseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(milliseconds=1)


def _instant(milliseconds: Decimal | None) -> datetime | None:
    return None if milliseconds is None else EPOCH + timedelta(milliseconds=int(milliseconds))


def _pack(id: str | None) -> bytes | str | None:
    return uuid.UUID(id).bytes if id and re.fullmatch(_UUID, id) else id


def _unpack(id: Any) -> str | None:
    return id if id is None or isinstance(id, str) else str(uuid.UUID(bytes=bytes(id)))
