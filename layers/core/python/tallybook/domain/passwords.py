"""Password tokens, sent by mail: a user sets a password with one, within a week (invitation) or an hour (reset).

A token's text encodes the ids of account and user and 32 secret bytes; only the SHA-256 of the text is stored. A user
has at most one token of each purpose, so that a reset that a stranger requests doesn't end an invitation.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tallybook.domain.credentials import SECRET_BYTES, decode, encode, hash_text, matches
from tallybook.domain.errors import Invalid, Unauthenticated

type Purpose = Literal["invitation", "reset"]

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
    """The token and its text, which is not stored."""
    text = PREFIX + encode(uuid.UUID(account_id).bytes + uuid.UUID(user_id).bytes + secret)
    return PasswordToken(account_id, user_id, purpose, hash_text(text), now + LIFE[purpose]), text


def owner_of(text: str) -> tuple[str, str]:
    """The ids of account and user in the text of a token; Invalid `invalid_token` for any other text."""
    if not text.startswith(PREFIX):
        raise invalid_token()
    try:
        data = decode(text.removeprefix(PREFIX), size=32 + SECRET_BYTES)
    except Unauthenticated as error:
        raise invalid_token() from error
    return str(uuid.UUID(bytes=data[:16])), str(uuid.UUID(bytes=data[16:32]))


def valid_token(tokens: Iterable[PasswordToken], *, text: str, now: datetime) -> PasswordToken:
    """The user's token with this text; Invalid `invalid_token` if there is none or it has expired."""
    for token in tokens:
        if matches(text, token.secret_hash) and now < token.expires_at:
            return token
    raise invalid_token()


def invalid_token() -> Invalid:
    """One error for every invalid token."""
    return Invalid("This link is not valid any more; ask for a new one", code="invalid_token", field="token")
