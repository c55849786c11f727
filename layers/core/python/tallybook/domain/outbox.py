"""What leaves the system: mails, and events on the bus. Each is stored with the change that causes it.

An item waits until it is delivered. After a failed attempt comes another one, after longer and longer pauses; after
the last one the item is parked for an operator.

There are two lanes. Mail about money and access is in the fast one, and does not wait for what is in the slow one:
other mail, and the events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

type Kind = Literal["mail", "events"]
type Lane = Literal["fast", "slow"]
type SubjectRef = UserRef | InvoiceRef | EmailChangeRef | MessagesRef

LEASE = timedelta(minutes=2)
"""For this long, no other delivery takes the item."""

KEPT = timedelta(days=90)
"""How long a delivered or parked item is kept, from the change that caused it."""

STREAM_BATCH = 100
"""The most records that one call by the stream has. More records wait behind a batch that is full."""

LANES: Mapping[str, Lane] = {
    "invoice": "fast",
    "invoice_overdue": "fast",
    "invoice_voided": "fast",
    "invitation": "fast",
    "password_reset": "fast",
    "password_changed": "fast",
    "api_key_created": "fast",
    "email_change_current": "fast",
    "email_change_new": "fast",
    "email_changed": "fast",
    "account_suspended": "fast",
    "account_resumed": "fast",
    "welcome": "slow",
    "quota_requested": "slow",
    "quota_reviewed": "slow",
    "quota_reached": "slow",
    "budget_reached": "slow",
}
"""The lane of a mail by its template. Events are in the slow lane."""

_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440))
MAX_ATTEMPTS = len(_PAUSES) + 1


class PermanentError(Exception):
    """The delivery failed, and every retry would fail in the same way."""


class UserRef(NamedTuple):
    account_id: str
    user_id: str


class InvoiceRef(NamedTuple):
    """`others`: the positions of more invoices that share the mail."""

    account_id: str
    position: int
    others: tuple[int, ...] = ()


class EmailChangeRef(NamedTuple):
    account_id: str
    change_id: str


class MessagesRef(NamedTuple):
    """The numbers of the first and the last of the account's budget messages that share a mail."""

    account_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to each of the addresses. `context`: the template's variables that are known when the mail is caused.

    `subject_ref`: what the mail is about, if the rest of the context is read at delivery.
    """

    template: str
    to: tuple[str, ...]
    context: Mapping[str, Any] = field(default_factory=dict, repr=False)
    subject_ref: SubjectRef | None = None


class BusEvent(NamedTuple):
    """Something that happened, for listeners on the bus. `data` has ids with their prefixes, and money in micros."""

    name: str
    data: Mapping[str, Any]
    version: int = 1


class StoredEvent(NamedTuple):
    """A bus event with its id, by which listeners recognize a repeated event."""

    id: str
    name: str
    data: Mapping[str, Any]
    version: int


class Announcement(NamedTuple):
    """All events of one change. `sequence` is the change's number in the account's audit log."""

    sequence: int
    events: tuple[StoredEvent, ...]


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """`body` is a mail or an announcement, in its stored shape.

    `attempts`: how many were begun since the item last became `waiting`; `claims`: how many ever. While `leased`, one
    attempt has the item until `due`; otherwise the next attempt may begin at `due`, which is None after the delivery.
    `sent`: the addresses that the mail was sent to; `skipped`: those that get none; `counted`: the strangers for whom
    it was counted.
    """

    id: str
    kind: Kind
    created_at: datetime
    body: Mapping[str, Any]
    account_id: str | None = None
    state: Literal["waiting", "delivered", "parked"] = "waiting"
    due: datetime | None = None
    attempts: int = 0
    claims: int = 0
    leased: bool = False
    sent: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    delivered_at: datetime | None = None
    error: str | None = None


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again after this many attempts; None after the last one."""
    return now + _PAUSES[attempts - 1] if attempts < MAX_ATTEMPTS else None
