"""Changes of an account's email: requested by a root user, completed once both addresses have confirmed.

Each address gets a link with a UUID; only its SHA-256 is stored. Links are valid for 24 hours after the request, or
until it is cleared. The next request is possible 30 minutes after the last one.
Source: ScaleBox account management, "Account Email Change Workflow"; docs/decisions.md, "Email change".
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from tallybook.domain.credentials import hash_text
from tallybook.domain.emails import mailbox
from tallybook.domain.errors import Invalid, TooManyRequests
from tallybook.domain.times import whole_seconds

type Side = Literal["current", "new"]
type State = Literal["pending", "cleared", "completed"]
type Status = Literal["none_confirmed", "partial_confirmed", "both_confirmed"]

LIFE = timedelta(hours=24)
PAUSE = timedelta(minutes=30)
KEPT = timedelta(days=90)
"""How long the last request is kept, because it names an address that may be nobody's by then."""

TOKEN_BYTES = 16
CONFIRMATION_TEMPLATES: Mapping[str, Side] = {"email_change_current": "current", "email_change_new": "new"}
"""The templates of the two mails with a link, and the address that each goes to."""

_STATUS: tuple[Status, ...] = ("none_confirmed", "partial_confirmed", "both_confirmed")


@dataclass(frozen=True, slots=True)
class EmailChange:
    """An account's last request. `hashes`: of the newest link to each address. `confirmed`: who has confirmed."""

    id: str
    account_id: str
    current_email: str
    new_email: str
    requested_at: datetime
    state: State = "pending"
    confirmed: frozenset[Side] = frozenset()
    hashes: Mapping[Side, str] = field(default_factory=dict, repr=False)

    @property
    def expires_at(self) -> datetime:
        return self.requested_at + LIFE

    @property
    def status(self) -> Status:
        return _STATUS[len(self.confirmed)]

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """The addresses that have not confirmed yet."""
        both: dict[Side, str] = {"current": self.current_email, "new": self.new_email}
        return tuple(email for side, email in both.items() if side not in self.confirmed)

    def is_pending(self, now: datetime) -> bool:
        return self.state == "pending" and now < self.expires_at


@dataclass(frozen=True, slots=True)
class EmailToken:
    """The request that a link belongs to, stored under the link's hash; the request decides if the link is valid."""

    account_id: str
    current_email: str
    new_email: str


UNKNOWN_TOKEN = EmailToken("nobody", "nobody@invalid", "nowhere@invalid")
"""Stands in for an unknown token, so that it costs the same reads as an expired one."""


def check_pause(last: EmailChange | None, *, now: datetime) -> None:
    """TooManyRequests within 30 minutes of the account's last request, also if that was cleared or completed."""
    if last is not None and now < last.requested_at + PAUSE:
        left = last.requested_at + PAUSE - now
        message = "A change of the email was asked for in the last 30 minutes; try again later"
        raise TooManyRequests(message, retry_after=whole_seconds(left))


def check_request(last: EmailChange | None, *, account_email: str, current: str, new: str, now: datetime) -> None:
    """Whether the account may request this change now; `last` is its last request.

    TooManyRequests as in `check_pause`; Invalid `email_change_pending`, or with the field that is wrong.
    """
    check_pause(last, now=now)
    if last is not None and last.is_pending(now):
        raise Invalid("A change of the email waits to be confirmed; clear it first", code="email_change_pending")
    if mailbox(current) != mailbox(account_email):
        raise Invalid("current_email is not the email of the account", field="current_email")
    if mailbox(new) == mailbox(account_email):
        raise Invalid("new_email is the email of the account already", field="new_email")


def email_taken() -> Invalid:
    return Invalid("new_email belongs to a user already", code="email_exists", field="new_email")


def email_taken_since() -> Invalid:
    """The error of a confirmation: its body has no email, so the field is `token`."""
    message = "Somebody else has taken the new address by now; clear the request and ask for another one"
    return Invalid(message, code="email_exists", field="token")


def email_unreachable(side: Side) -> Invalid:
    """The error for a suppressed address: it would never get its link."""
    if side == "new":
        message = "Mail to new_email bounced or was refused before; give an address that takes mail"
    else:
        message = (
            "Mail to current_email bounced or was refused, and the change needs a link that goes there; "
            "ask us to write to it again"
        )
    return Invalid(message, code="email_unreachable", field=f"{side}_email")


def new_token(secret: bytes) -> str:
    """A link's token: a UUID of version 4 from 16 random bytes."""
    return str(uuid.UUID(bytes=secret, version=4))


def confirming_side(change: EmailChange | None, text: str, *, now: datetime) -> tuple[EmailChange, Side]:
    """The request and the side whose link this token is; the same Invalid for every invalid token."""
    if change is not None and change.state != "cleared" and now < change.expires_at:
        for side, hashed in change.hashes.items():
            if hashed == hash_text(text):
                return change, side
    raise invalid_token()


def confirm_side(change: EmailChange, side: Side) -> EmailChange:
    """The request, confirmed by this side too."""
    confirmed = change.confirmed | {side}
    return replace(change, confirmed=confirmed, state="completed" if len(confirmed) == 2 else "pending")


def invalid_token() -> Invalid:
    return Invalid("This link is not valid any more; ask for the change again", code="invalid_token", field="token")
