"""The token in a mail with which a user sets a password: an invitation's for a week, a reset's for an hour.

Its text holds the ids of account and user and then 32 secret bytes; only the SHA-256 of the text is stored. A user may
hold one of each purpose: nobody who asks for a reset takes an invitation away.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tallybook.domain.credentials import SECRET_BYTES, decode, encode, hash_text, matches
from tallybook.domain.errors import Invalid, Unauthenticated
from tallybook.domain.outbox import Purpose

PREFIX = "pwt_"
LIFE: dict[Purpose, timedelta] = {"invitation": timedelta(days=7), "reset": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class PasswordToken:
    account_id: str
    user_id: str
    purpose: Purpose
    secret_hash: str = field(repr=False)
    expires_at: datetime


def new_token(
    *, account_id: str, user_id: str, purpose: Purpose, now: datetime, secret: bytes
) -> tuple[PasswordToken, str]:
    """The token and its text, which is told once."""
    text = PREFIX + encode(uuid.UUID(account_id).bytes + uuid.UUID(user_id).bytes + secret)
    return PasswordToken(account_id, user_id, purpose, hash_text(text), now + LIFE[purpose]), text


def owner_of(text: str) -> tuple[str, str]:
    """The account and user that the text of a token names."""
    if not text.startswith(PREFIX):
        raise invalid_token()
    try:
        data = decode(text.removeprefix(PREFIX), size=32 + SECRET_BYTES)
    except Unauthenticated as error:
        raise invalid_token() from error
    return str(uuid.UUID(bytes=data[:16])), str(uuid.UUID(bytes=data[16:32]))


def valid_token(tokens: Iterable[PasswordToken], *, text: str, now: datetime) -> PasswordToken:
    """The one of a user's tokens that the text is of, if it still holds."""
    for token in tokens:
        if matches(text, token.secret_hash) and now < token.expires_at:
            return token
    raise invalid_token()


def invalid_token() -> Invalid:
    """One answer for every token that does not hold."""
    return Invalid("This link is not valid any more; ask for a new one", code="invalid_token", field="token")
