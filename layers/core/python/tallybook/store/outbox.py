"""The outbox: mails and events that are stored with a change and delivered after it.

Until it is delivered, an item is in the index `work`: while it waits, under `outbox` in the fast lane and under `slow`
in the slow one; under `parked` after its last attempt failed. Each step requires that no other attempt began meanwhile,
so that one of two deliveries wins.

Releases before the lanes know only `outbox`. What they store there is delivered with the fast lane; what this release
stores there, their sweep delivers too.

    a mail's body   letter, to, facts: the template, the addresses, the context; purpose, account_id, user_id, invoice,
                    others, email_change, messages: what the mail is about
    events' body    sequence, events: id, name, version, data

Every release that uses the same tables reads these names, so they must stay.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr

from tallybook.domain.ids import derived_id
from tallybook.domain.jobs import partition
from tallybook.domain.outbox import (
    KEPT,
    LANES,
    LEASE,
    Announcement,
    BusEvent,
    EmailChangeRef,
    InvoiceRef,
    Lane,
    Mail,
    MessagesRef,
    OutboxItem,
    StoredEvent,
    SubjectRef,
    UserRef,
)
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update
from tallybook.store.keys import Key

WAITING: Mapping[Lane, str] = {"fast": "outbox", "slow": "slow"}
PARKED = "parked"
_PURPOSES = {"invitation": "invitation", "password_reset": "reset"}


def put_mail(mail: Mail, *cause: str, at: datetime, account_id: str | None = None) -> Put:
    """A mail; the same cause writes the same item."""
    body = {"letter": mail.template, "to": list(mail.to), "facts": mail.context, **_subject_attributes(mail)}
    return _put(derived_id("mail", mail.template, *cause), "mail", body, at, account_id)


def put_events(events: Sequence[BusEvent], *, account_id: str, number: int, at: datetime) -> Put:
    """All events of the account's change with this number; the same number writes the same item."""
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
    """Begin an attempt: no other delivery has the item until the lease ends."""
    counted = {"attempts": item.attempts + 1, "claims": item.claims + 1}
    return _step(item, set={**counted, "due": stamp(now + LEASE), "leased": True})


def note_sent(item: OutboxItem, address: str) -> Update:
    """Record that the mail was sent to this address."""
    return _step(item, set={"sent": [*item.sent, address]})


def note_counted(item: OutboxItem, address: str) -> Update:
    """Record that the mail was counted for this stranger."""
    return _step(item, set={"counted": [*item.counted, address]})


def leave(item: OutboxItem, *, until: datetime, error: str) -> Update:
    """Make it due later, and change nothing else: another release stored it, in the partition where that looks."""
    return _step(item, set={"due": stamp(until), "error": error}, remove=("leased",))


def mark_delivered(item: OutboxItem, *, at: datetime) -> Update:
    return _step(
        item,
        set={
            "state": "delivered",
            "delivered_at": stamp(at),
            "sent": list(item.sent),
            "skipped": list(item.skipped),
            "expires": _expiry(item),
        },
        remove=("work", "due", "error", "leased"),
    )


def postpone(item: OutboxItem, *, until: datetime, error: str) -> Update:
    postponing = {"work": partition(WAITING[lane_of(item)], item.id), "due": stamp(until), "error": error}
    return _step(item, set=postponing, remove=("leased",))


def park(item: OutboxItem, *, at: datetime, error: str) -> Update:
    parking = {"state": "parked", "work": partition(PARKED, item.id), "due": stamp(at), "error": error}
    return _step(item, set={**parking, "expires": _expiry(item)}, remove=("leased",))


def unpark(item: OutboxItem, *, at: datetime) -> Update:
    """Make a parked item wait again: due at once, with all its attempts."""
    work = partition(WAITING[lane_of(item)], item.id)
    return _step(item, set={"state": "waiting", "work": work, "due": stamp(at), "attempts": 0}, remove=("leased",))


def replace_item(key: Key, before: Item, after: Item) -> Put:
    """Write the stored item `after` of another table over `before`; WriteConflict if a delivery began meanwhile."""
    attributes = {name: value for name, value in after.items() if name not in ("pk", "sk")}
    unchanged = Attr("claims").eq(before["claims"]) & Attr("state").eq(before["state"])
    return Put(key, attributes, condition=unchanged)


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
        counted=tuple(item.get("counted", ())),
        delivered_at=parse_instant(item["delivered_at"]) if "delivered_at" in item else None,
        error=item.get("error"),
    )


def read_mail(item: OutboxItem) -> Mail:
    """The mail of a `mail` item."""
    body = item.body
    return Mail(body["letter"], tuple(body["to"]), body["facts"], _subject_ref(body))


def read_announcement(item: OutboxItem) -> Announcement:
    """The events of an `events` item."""
    events = (StoredEvent(row["id"], row["name"], row["data"], row["version"]) for row in item.body["events"])
    return Announcement(item.body["sequence"], tuple(events))


def lane_of(item: OutboxItem) -> Lane:
    return _lane(item.kind, item.body)


def lane_of_work(work: str) -> Lane:
    """The lane by the stored partition of the index."""
    return "slow" if work.partition("#")[0] == WAITING["slow"] else "fast"


def content_names(item: OutboxItem) -> list[str]:
    """The mail's template, or the names of the events in their order; empty for the item of another release."""
    try:
        return [item.body["letter"]] if item.kind == "mail" else [row["name"] for row in item.body["events"]]
    except (KeyError, TypeError):
        return []


def _subject_attributes(mail: Mail) -> Item:
    purpose = {"purpose": _PURPOSES[mail.template]} if mail.template in _PURPOSES else {}
    match mail.subject_ref:
        case UserRef(account_id, user_id):
            return {**purpose, "account_id": account_id, "user_id": user_id}
        case InvoiceRef(account_id, position, others):
            more = {"others": list(others)} if others else {}
            return {"account_id": account_id, "invoice": position, **more}
        case EmailChangeRef(account_id, change_id):
            return {"account_id": account_id, "email_change": change_id}
        case MessagesRef(account_id, first, last):
            return {"account_id": account_id, "messages": [first, last]}
    return purpose


def _subject_ref(body: Mapping[str, Any]) -> SubjectRef | None:
    if "user_id" in body:
        return UserRef(body["account_id"], body["user_id"])
    if "invoice" in body:
        return InvoiceRef(body["account_id"], body["invoice"], tuple(body.get("others", ())))
    if "email_change" in body:
        return EmailChangeRef(body["account_id"], body["email_change"])
    if "messages" in body:
        return MessagesRef(body["account_id"], *body["messages"])
    return None


def _native(value: Any) -> Any:
    """Numbers as int again, because an outbox item has whole numbers only."""
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
            "work": partition(WAITING[_lane(kind, body)], id),
            "due": stamp(at),
            "attempts": 0,
            "claims": 0,
        },
    )


def _lane(kind: str, body: Mapping[str, Any]) -> Lane:
    """A mail of another release may have an unknown template or shape; it is in the slow lane."""
    template = body.get("letter") if kind == "mail" and isinstance(body, Mapping) else None
    return LANES.get(template, "slow") if isinstance(template, str) else "slow"


def _expiry(item: OutboxItem) -> int:
    """Counted from the change, so that 90 days after the last change about a user no item has their address."""
    return int((item.created_at + KEPT).timestamp())


def _step(item: OutboxItem, *, set: Item, remove: tuple[str, ...] = ()) -> Update:
    unchanged = Attr("claims").eq(item.claims) & Attr("state").eq(item.state)
    return Update(keys.outbox(item.id), set=set, remove=remove, condition=unchanged)
