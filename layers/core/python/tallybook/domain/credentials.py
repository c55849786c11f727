"""Credentials: API keys `sk-…`, sign-in sessions `sess_…` and platform keys `pk-…`.

The text of an API key or session encodes the ids of account, user and credential and 32 secret bytes, so that
authentication needs one read by key. Only the SHA-256 of the text is stored.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from tallybook.domain.accounts import Account, User, require_active_user
from tallybook.domain.errors import Invalid, Unauthenticated
from tallybook.domain.idempotency import KeyedRequest

SECRET_BYTES = 32
SESSION_LIFE = timedelta(hours=24)

type Kind = Literal["api_key", "session"]
type Scope = Literal["usage:write", "sessions:write", "accounts:admin"]

SCOPES: tuple[Scope, ...] = ("usage:write", "sessions:write", "accounts:admin")
PREFIXES: dict[Kind, str] = {"api_key": "sk-", "session": "sess_"}
PLATFORM_PREFIX = "pk-"
MAX_PLATFORM_KEYS = 1000


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key or a sign-in session of a user.

    `hint`: the last 4 characters of an API key, so that its owner recognizes it. `generation`: the user's when the
    session began; the session ends when the user's changes. An API key has none. `parent_id`: the API key that this one
    was made with, and ends with; None for a key that was made with a session or by the operator, or stored before this
    was recorded.
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
    parent_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """A key of the platform, the service whose usage is metered; it belongs to no account.

    With a `source_prefix` it may only send events whose source begins with it.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    secret_hash: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    source_prefix: str | None = None

    def may_send_from(self, source: str) -> bool:
        return self.source_prefix is None or source.startswith(self.source_prefix)


class Principal(NamedTuple):
    """Who is calling: the user, their account, the credential they sent, and their network `address`."""

    account: Account
    user: User
    credential: Credential
    address: str | None = None
    keyed: KeyedRequest | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PlatformCaller:
    """The text of a platform key that is not checked yet, and the network `address` that sent it."""

    text: str = field(repr=False)
    address: str = ""
    keyed: KeyedRequest | None = field(default=None, repr=False)


class CredentialRef(NamedTuple):
    """The ids in a credential's text."""

    kind: Kind
    account_id: str
    user_id: str
    credential_id: str


def new_credential(
    kind: Kind,
    user: User,
    *,
    id: str,
    secret: bytes,
    now: datetime,
    expires_at: datetime | None,
    name: str | None = None,
) -> tuple[Credential, str]:
    """The credential and its text, which is not stored; `secret` is 32 random bytes."""
    text = format_credential(kind, account_id=user.account_id, user_id=user.id, credential_id=id, secret=secret)
    credential = Credential(
        id=id,
        kind=kind,
        account_id=user.account_id,
        user_id=user.id,
        secret_hash=hash_text(text),
        created_at=now,
        expires_at=expires_at,
        name=name,
        hint=text[-4:] if kind == "api_key" else None,
        generation=user.generation if kind == "session" else None,
    )
    return credential, text


def made_with(keys: Iterable[Credential], key_id: str) -> list[Credential]:
    """The keys that were made with this key, or with a key that was; in the given order."""
    keys = tuple(keys)
    ids = {key_id}
    while more := {key.id for key in keys if key.parent_id in ids} - ids:
        ids |= more
    return [key for key in keys if key.id in ids and key.id != key_id]


def format_credential(kind: Kind, *, account_id: str, user_id: str, credential_id: str, secret: bytes) -> str:
    ids = b"".join(uuid.UUID(part).bytes for part in (account_id, user_id, credential_id))
    return PREFIXES[kind] + encode(ids + secret)


def parse_credential(text: str) -> CredentialRef:
    """The ids in the text of an API key or session; Unauthenticated for any other text."""
    for kind, prefix in PREFIXES.items():
        if text.startswith(prefix):
            data = decode(text.removeprefix(prefix), size=48 + SECRET_BYTES)
            account_id, user_id, credential_id = (str(uuid.UUID(bytes=data[i : i + 16])) for i in (0, 16, 32))
            return CredentialRef(kind, account_id, user_id, credential_id)
    raise invalid_credential()


def format_platform_key(*, key_id: str, secret: bytes) -> str:
    return PLATFORM_PREFIX + encode(uuid.UUID(key_id).bytes + secret)


def parse_platform_key(text: str) -> str:
    """The id in the text of a platform key; Unauthenticated for any other text."""
    if not text.startswith(PLATFORM_PREFIX):
        raise invalid_credential()
    data = decode(text.removeprefix(PLATFORM_PREFIX), size=16 + SECRET_BYTES)
    return str(uuid.UUID(bytes=data[:16]))


def hash_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def matches(text: str, secret_hash: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(hash_text(text), secret_hash)


def check_credential(principal: Principal, *, text: str, now: datetime) -> Principal:
    """The principal, if `text` is their credential and passes `check_still_valid`.

    All failures raise the same Unauthenticated. Only a suspended or disabled user with a valid credential gets
    Forbidden, with the reason.
    """
    if not matches(text, principal.credential.secret_hash):
        raise invalid_credential()
    return check_still_valid(principal, now=now)


def check_still_valid(principal: Principal, *, now: datetime) -> Principal:
    """All checks but that of the secret: expiry, generation, and the status of user and account."""
    credential, user, account = principal.credential, principal.user, principal.account
    if credential.user_id != user.id:
        raise invalid_credential()
    if credential.expires_at is not None and credential.expires_at <= now:
        raise invalid_credential()
    if credential.kind == "session" and credential.generation != user.generation:
        raise invalid_credential()
    if user.status == "deleted" or account.status == "deleted":
        raise invalid_credential()
    require_active_user(user)
    return principal


def check_platform_key(key: PlatformKey, *, text: str, now: datetime) -> PlatformKey:
    """The key, if `text` is its text and it has not expired; else the Unauthenticated of every invalid credential."""
    if not matches(text, key.secret_hash) or (key.expires_at is not None and key.expires_at <= now):
        raise invalid_credential()
    return key


def check_expiry(expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """The end of a new key; Invalid `expires_at` unless it is in the future."""
    if expires_at is not None and expires_at <= now:
        raise Invalid("expires_at must be in the future", field="expires_at")
    return expires_at


class InvalidCredential(Unauthenticated):
    """No credential, or one that is wrong in any way."""


def invalid_credential() -> InvalidCredential:
    """One error for every invalid credential, so that it doesn't reveal which part was wrong."""
    return InvalidCredential("A valid credential is required")


def encode(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str, *, size: int) -> bytes:
    """`size` bytes; Unauthenticated for a malformed text or another size."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_credential() from error
    if len(data) != size:
        raise invalid_credential()
    return data
