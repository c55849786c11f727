"""A user's API keys: made, listed and revoked. The secret is told once."""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import check_name, require_active
from tallybook.domain.credentials import SECRET_BYTES, Credential, Principal, hash_text, write_text
from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.commands import Delete
from tallybook.store.credentials import put_credential, read_credential

MAX_KEYS_OF_ACCOUNT = 1000


@dataclass(frozen=True, slots=True)
class CreatedKey:
    key: Credential
    text: str


def create_api_key(ctx: Context, caller: Principal, *, name: str, expires_at: datetime | None = None) -> CreatedKey:
    """A key that acts as the caller. Forbidden `account_suspended`; Conflict over 1,000 keys in the account."""
    require_active(caller.account)
    check_name(name)
    now = ctx.clock.now()
    if expires_at is not None and expires_at <= now:
        raise Invalid("expires_at must be in the future", field="expires_at")
    if len(_all_keys(ctx, caller)) >= MAX_KEYS_OF_ACCOUNT:
        raise Conflict(f"An account has at most {MAX_KEYS_OF_ACCOUNT} API keys", code="too_many_keys")
    key_id = ctx.new_id(now)
    text = write_text(
        "api_key",
        account_id=caller.account.id,
        user_id=caller.user.id,
        credential_id=key_id,
        secret=ctx.random_bytes(SECRET_BYTES),
    )
    key = Credential(
        id=key_id,
        kind="api_key",
        account_id=caller.account.id,
        user_id=caller.user.id,
        secret_hash=hash_text(text),
        created_at=now,
        expires_at=expires_at,
        name=name,
        hint=text[-4:],
    )
    ctx.tables.write(put_credential(key))
    return CreatedKey(key, text)


def list_api_keys(ctx: Context, caller: Principal) -> list[Credential]:
    """Newest first: all of the account's for a root user, their own for others."""
    return [key for key in reversed(_all_keys(ctx, caller)) if caller.user.is_root or key.user_id == caller.user.id]


def revoke_api_key(ctx: Context, caller: Principal, key_id: str) -> None:
    """The key ends at once. NotFound for one the caller could not list."""
    missing = NotFound("There is no such API key", resource="api_key")
    item = ctx.tables.get(keys.api_key(caller.account.id, key_id))
    if item is None or not (caller.user.is_root or item["user_id"] == caller.user.id):
        raise missing
    ctx.tables.write(Delete(keys.api_key(caller.account.id, key_id), refusal=missing))


def _all_keys(ctx: Context, caller: Principal) -> list[Credential]:
    partition = keys.account(caller.account.id).pk
    items = ctx.tables.query("core", partition, start=keys.API_KEYS, end=f"{keys.API_KEYS}~")
    return [read_credential(item) for item in items]
