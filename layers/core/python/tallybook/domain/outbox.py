"""What leaves the system: mails, and events on the bus. Each is written down with the change that causes it.

An item waits until it is delivered. A try that fails is followed by another after a pause that grows; after the last
one the item is parked, for an operator to look at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

type Kind = Literal["mail", "events"]
type Purpose = Literal["invitation", "reset"]

LEASE = timedelta(minutes=2)
"""For so long one delivery has an item to itself."""

KEPT = timedelta(days=90)
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1440))
MAX_ATTEMPTS = len(_PAUSES) + 1


class Undeliverable(Exception):
    """It will never go like this, however often it is tried."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter to each of the addresses; `facts` is what it says.

    With a `purpose` it carries a link with a token of that purpose. The token is made when the mail is, and only its
    hash is ever stored; so it is the user whom the letter is about that is named here. One about an `invoice` names
    its position, and tells of it as it is when the letter is written; one with a link for an `email_change`
    names the request. One that budget `messages` stand for names the first and last of them, which are told to whom it
    went.
    """

    letter: str
    to: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    purpose: Purpose | None = None
    account_id: str | None = None
    user_id: str | None = None
    invoice: int | None = None
    email_change: str | None = None
    messages: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class BusEvent:
    """Something that happened, for whoever listens. `data` holds ids with their prefixes, money in micros."""

    name: str
    data: Mapping[str, Any]
    version: int = 1


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """`attempts` counts the tries begun since it last began to wait, `claims` all there ever were.

    While `leased`, one try has it to itself until `due`; otherwise the next may begin then. `due` is None once it is
    delivered. `sent` says to which addresses a mail has gone already.
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
    delivered_at: datetime | None = None
    error: str | None = None


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many tries; None once they are used up."""
    return now + _PAUSES[attempts - 1] if attempts < MAX_ATTEMPTS else None


def distinct(addresses: Iterable[str]) -> tuple[str, ...]:
    """Each address once, however it is written, in the order given."""
    return tuple(dict.fromkeys(address.strip().lower() for address in addresses))
