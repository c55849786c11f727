"""The outbox: what is written with a change and leaves after it.

An item stands in the index `work` until it is delivered: under `outbox` while it waits, under `parked` once it was
given up. Each step is conditional on the number of tries ever begun, so that of two who deliver the same item one wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr

from tallybook.domain.ids import derived_id
from tallybook.domain.jobs import partition
from tallybook.domain.outbox import KEPT, LEASE, BusEvent, Mail, OutboxItem
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update

WAITING = "outbox"
PARKED = "parked"


def put_mail(mail: Mail, *cause: str, at: datetime, account_id: str | None = None) -> Put:
    """A mail, once for its cause."""
    body = {name: value for name, value in asdict(mail).items() if value is not None}
    return _put(derived_id("mail", mail.letter, *cause), "mail", {**body, "to": list(mail.to)}, at, account_id)


def put_events(events: Sequence[BusEvent], *, account_id: str, number: int, at: datetime) -> Put:
    """All that the account's change of this number announces, once."""
    cause = (account_id, str(number))
    rows = [
        {
            "id": derived_id("event", *cause, str(index)),
            "name": event.name,
            "version": event.version,
            "data": event.data,
        }
        for index, event in enumerate(events)
    ]
    return _put(derived_id("events", *cause), "events", {"events": rows, "sequence": number}, at, account_id)


def claim(item: OutboxItem, *, now: datetime) -> Update:
    """Begin a try: nobody else has the item until the lease ends."""
    counted = {"attempts": item.attempts + 1, "claims": item.claims + 1}
    return _step(item, set={**counted, "due": stamp(now + LEASE), "leased": True})


def note_sent(item: OutboxItem, address: str) -> Update:
    """The sent-marker of one of a mail's addresses."""
    return _step(item, set={"sent": [*item.sent, address]})


def delivered(item: OutboxItem, *, at: datetime) -> Update:
    return _step(
        item,
        set={
            "state": "delivered",
            "delivered_at": stamp(at),
            "sent": list(item.sent),
            "skipped": list(item.skipped),
            "expires": int((at + KEPT).timestamp()),
        },
        remove=("work", "due", "error", "leased"),
    )


def postponed(item: OutboxItem, *, until: datetime, error: str) -> Update:
    return _step(item, set={"due": stamp(until), "error": error}, remove=("leased",))


def parked(item: OutboxItem, *, at: datetime, error: str) -> Update:
    given_up = {"state": "parked", "work": partition(PARKED, item.id), "due": stamp(at), "error": error}
    return _step(item, set=given_up, remove=("leased",))


def unparked(item: OutboxItem, *, at: datetime) -> Update:
    """Due again at once, with all its tries before it."""
    again = {"state": "waiting", "work": partition(WAITING, item.id), "due": stamp(at), "attempts": 0}
    return _step(item, set=again, remove=("leased",))


def read_outbox_item(item: Item) -> OutboxItem:
    return OutboxItem(
        id=item["id"],
        kind=item["kind"],
        created_at=parse_instant(item["created_at"]),
        body=_native(item["body"]),
        account_id=item.get("account_id"),
        state=item["state"],
        due=parse_instant(item["due"]) if "due" in item else None,
        attempts=int(item["attempts"]),
        claims=int(item["claims"]),
        leased="leased" in item,
        sent=tuple(item.get("sent", ())),
        skipped=tuple(item.get("skipped", ())),
        delivered_at=parse_instant(item["delivered_at"]) if "delivered_at" in item else None,
        error=item.get("error"),
    )


def _native(value: Any) -> Any:
    """Whole numbers as such again: only they and text stand in an outbox."""
    match value:
        case Decimal():
            return int(value)
        case Mapping():
            return {name: _native(part) for name, part in value.items()}
        case list():
            return [_native(part) for part in value]
    return value


def _put(id: str, kind: str, body: Item, at: datetime, account_id: str | None) -> Put:
    return Put(
        keys.outbox(id),
        {
            "id": id,
            "kind": kind,
            "created_at": stamp(at),
            "account_id": account_id,
            "body": body,
            "state": "waiting",
            "work": partition(WAITING, id),
            "due": stamp(at),
            "attempts": 0,
            "claims": 0,
        },
    )


def _step(item: OutboxItem, *, set: Item, remove: tuple[str, ...] = ()) -> Update:
    unchanged = Attr("claims").eq(item.claims) & Attr("state").eq(item.state)
    return Update(keys.outbox(item.id), set=set, remove=remove, condition=unchanged)
