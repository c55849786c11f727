"""The change of an account's email: asked for by a root user, and made once both addresses have said yes.

Each address gets a link with a UUID, of which only the SHA-256 is stored. Links hold for 24 hours from the request, and
for as long as it is not cleared; the next request may come 30 minutes after the last one. Source: ScaleBox account
management, "Account Email Change Workflow"; decisions, "Email change".
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from tallybook.domain.credentials import hash_text
from tallybook.domain.errors import Invalid, TooManyRequests

type Side = Literal["current", "new"]
type State = Literal["pending", "cleared", "completed"]
type Status = Literal["none_confirmed", "partial_confirmed", "both_confirmed"]

LIFE = timedelta(hours=24)
PAUSE = timedelta(minutes=30)
TOKEN_BYTES = 16
TEMPLATES: Mapping[str, Side] = {"email_change_current": "current", "email_change_new": "new"}
"""Which address each letter with a link goes to."""

_STATUS: tuple[Status, ...] = ("none_confirmed", "partial_confirmed", "both_confirmed")


@dataclass(frozen=True, slots=True)
class EmailChange:
    """The last request of an account. `hashes` holds that of each address's newest link, `confirmed` who said yes."""

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
        """The addresses that have not said yes."""
        both: dict[Side, str] = {"current": self.current_email, "new": self.new_email}
        return tuple(email for side, email in both.items() if side not in self.confirmed)

    def is_pending(self, now: datetime) -> bool:
        return self.state == "pending" and now < self.expires_at


@dataclass(frozen=True, slots=True)
class EmailToken:
    """What the hash of a link leads to: the request that it was made for, which decides whether it holds."""

    account_id: str
    current_email: str
    new_email: str


UNKNOWN_TOKEN = EmailToken("nobody", "nobody@invalid", "nowhere@invalid")
"""What an unknown token leads to, so that it costs what an expired one does."""


def check_pause(last: EmailChange | None, *, now: datetime) -> None:
    """TooManyRequests within 30 minutes of the account's last request, whatever became of that."""
    if last is not None and now < last.requested_at + PAUSE:
        left = last.requested_at + PAUSE - now
        message = "A change of the email was asked for in the last 30 minutes; try again later"
        raise TooManyRequests(message, retry_after=-(-left // timedelta(seconds=1)))


def check_request(last: EmailChange | None, *, account_email: str, current: str, new: str, now: datetime) -> None:
    """Whether the account may ask now for this change; `last` is its last request.

    TooManyRequests as `check_pause` says; Invalid `email_change_pending`, or with the field that is wrong.
    """
    check_pause(last, now=now)
    if last is not None and last.is_pending(now):
        raise Invalid("A change of the email waits to be confirmed; clear it first", code="email_change_pending")
    if current.strip().lower() != account_email:
        raise Invalid("current_email is not the email of the account", field="current_email")
    if new == account_email:
        raise Invalid("new_email is the email of the account already", field="new_email")


def email_taken() -> Invalid:
    return Invalid("new_email belongs to a user already", code="email_exists", field="new_email")


def email_taken_since() -> Invalid:
    """For whoever confirms, who has named no address."""
    message = "Somebody else has taken the new address by now; clear the request and ask for another one"
    return Invalid(message, code="email_exists", field="token")


def email_unreachable(side: Side) -> Invalid:
    """For an address whose link would never arrive, so that nothing could come of the request."""
    if side == "new":
        message = "Mail to new_email bounced or was refused before; give an address that takes mail"
    else:
        message = (
            "Mail to current_email bounced or was refused, and the change needs a link that goes there; "
            "ask us to write to it again"
        )
    return Invalid(message, code="email_unreachable", field=f"{side}_email")


def new_token(secret: bytes) -> str:
    """A link's token: a UUID of version 4 out of 16 random bytes."""
    return str(uuid.UUID(bytes=secret, version=4))


def confirming_side(change: EmailChange | None, text: str, *, now: datetime) -> tuple[EmailChange, Side]:
    """The request and whose link this token is; one refusal for every token that does not hold."""
    if change is not None and change.state != "cleared" and now < change.expires_at:
        for side, hashed in change.hashes.items():
            if hashed == hash_text(text):
                return change, side
    raise invalid_token()


def with_confirmed(change: EmailChange, side: Side) -> EmailChange:
    """The request once this address has said yes, too."""
    confirmed = change.confirmed | {side}
    return replace(change, confirmed=confirmed, state="completed" if len(confirmed) == 2 else "pending")


def invalid_token() -> Invalid:
    return Invalid("This link is not valid any more; ask for the change again", code="invalid_token", field="token")
