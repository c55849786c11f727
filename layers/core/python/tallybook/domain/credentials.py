"""Credentials: API keys `sk-…`, sign-in sessions `sess_…` and the platform's keys `pk-…`.

The text of a key or session holds the ids of account, user and credential and then 32 secret bytes, so that one
read by key fetches all that authentication needs. Only the SHA-256 of the text is stored.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tallybook.domain.accounts import Account, User
from tallybook.domain.errors import Forbidden, Unauthenticated

SECRET_BYTES = 32
SESSION_LIFE = timedelta(hours=24)

type Kind = Literal["api_key", "session"]
type Scope = Literal["usage:write", "sessions:write", "accounts:admin"]

SCOPES: tuple[Scope, ...] = ("usage:write", "sessions:write", "accounts:admin")
PREFIXES: dict[Kind, str] = {"api_key": "sk-", "session": "sess_"}
PLATFORM_PREFIX = "pk-"


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key or a sign-in session of a user; `hint` is the end of its text, for a reader to tell keys apart.

    A session belongs to a `generation` of its user's sessions; a key has none.
    """

    id: str
    kind: Kind
    account_id: str
    user_id: str
    secret_hash: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    name: str | None = None
    hint: str | None = None
    generation: int | None = None


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """A key of the platform that runs the metered service; it belongs to no account."""

    id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: the user, the account they belong to, the credential that named them, and from where."""

    account: Account
    user: User
    credential: Credential
    address: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformCaller:
    """Who says to be the platform: the text of its key, yet to be checked, and from where."""

    text: str = field(repr=False)
    address: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """What a credential's text says of itself, before anything is looked up."""

    kind: Kind
    account_id: str
    user_id: str
    credential_id: str


def write_text(kind: Kind, *, account_id: str, user_id: str, credential_id: str, secret: bytes) -> str:
    ids = b"".join(uuid.UUID(part).bytes for part in (account_id, user_id, credential_id))
    return PREFIXES[kind] + encode(ids + secret)


def read_text(text: str) -> Named:
    """The ids in the text of a key or session; Unauthenticated for anything else."""
    for kind, prefix in PREFIXES.items():
        if text.startswith(prefix):
            data = decode(text.removeprefix(prefix), size=48 + SECRET_BYTES)
            account_id, user_id, credential_id = (str(uuid.UUID(bytes=data[i : i + 16])) for i in (0, 16, 32))
            return Named(kind, account_id, user_id, credential_id)
    raise refused()


def write_platform_text(*, key_id: str, secret: bytes) -> str:
    return PLATFORM_PREFIX + encode(uuid.UUID(key_id).bytes + secret)


def read_platform_text(text: str) -> str:
    """The id in the text of a platform key; Unauthenticated for anything else."""
    if not text.startswith(PLATFORM_PREFIX):
        raise refused()
    data = decode(text.removeprefix(PLATFORM_PREFIX), size=16 + SECRET_BYTES)
    return str(uuid.UUID(bytes=data[:16]))


def hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def matches(text: str, secret_hash: str) -> bool:
    """In constant time, whatever is stored."""
    return hmac.compare_digest(hash_text(text), secret_hash)


def check_credential(principal: Principal, *, text: str, now: datetime) -> Principal:
    """The credential holds, has not expired, and neither user nor account is gone; a suspended user is refused.

    Which of them failed is not told apart, except to a user who is known and may be told why.
    """
    if not matches(text, principal.credential.secret_hash):
        raise refused()
    return check_known(principal, now=now)


def check_known(principal: Principal, *, now: datetime) -> Principal:
    """The same for a caller whose secret was checked before."""
    credential, user, account = principal.credential, principal.user, principal.account
    if credential.user_id != user.id:
        raise refused()
    if credential.expires_at is not None and credential.expires_at <= now:
        raise refused()
    if credential.kind == "session" and credential.generation != user.generation:
        raise refused()
    if user.status == "deleted" or account.status == "deleted":
        raise refused()
    if user.status != "active":
        raise Forbidden(f"This user is {user.status}", code=f"user_{user.status}")
    return principal


def refused() -> Unauthenticated:
    """One answer for every credential that does not hold, so that it tells nothing about which part was wrong."""
    return Unauthenticated("A valid credential is required")


def encode(data: bytes) -> str:
    """Base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str, *, size: int) -> bytes:
    """So many bytes, or Unauthenticated."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused() from error
    if len(data) != size:
        raise refused()
    return data
