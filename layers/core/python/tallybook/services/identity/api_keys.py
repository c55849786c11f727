"""Creates, lists and revokes a user's API keys. Creation returns the secret, which can't be read again."""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import MAX_KEYS, MAX_KEYS_OF_USER, Account, User, require_active
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.credentials import SECRET_BYTES, Credential, Principal, check_expiry, new_credential
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.events.accounts import api_key_created, api_key_revoked
from tallybook.domain.ids import API_KEY, USER
from tallybook.domain.text_rules import check_name
from tallybook.domain.times import stamp_or_none
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.store import keys
from tallybook.store.commands import Command, Delete
from tallybook.store.credentials import put_credential, read_credential
from tallybook.store.users import count_keys


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """`text` is the secret."""

    key: Credential
    text: str


def create_api_key(ctx: Context, principal: Principal, *, name: str, expires_at: datetime | None = None) -> CreatedKey:
    """An API key that acts as the caller.

    Invalid `invalid_name` or `expires_at`; Forbidden `account_suspended`; Conflict `too_many_keys` over 50 for a user
    or 1,000 for an account.
    """
    now = ctx.clock.now()
    created = new_key(ctx, principal.user, name=name, expires_at=expires_at, now=now)

    def create(principal: Principal) -> CreatedKey:
        ctx.tables.transact(
            create_key_commands(principal.account, principal.user, created.key, actor=actor_of(principal))
        )
        return created

    return retry_on_conflict(ctx, create, principal, reload=lambda: reread(ctx, principal))


def list_api_keys(ctx: Context, principal: Principal) -> list[Credential]:
    """Newest first: all keys of the account for a root user, their own for other users."""
    newest_first = reversed(all_keys(ctx, principal.account.id))
    return [key for key in newest_first if principal.user.is_root or key.user_id == principal.user.id]


def revoke_api_key(ctx: Context, principal: Principal, key_id: str) -> None:
    """Delete the key. NotFound for a key that the caller can't list."""

    def revoke(principal: Principal) -> None:
        item = ctx.tables.get(keys.api_key(principal.account.id, key_id))
        if item is None or not (principal.user.is_root or item["user_id"] == principal.user.id):
            raise NotFound("There is no such API key", resource="api_key")
        ctx.tables.transact(
            revoke_key_commands(principal.account, read_credential(item), actor=actor_of(principal), at=ctx.clock.now())
        )

    retry_on_conflict(ctx, revoke, principal, reload=lambda: reread(ctx, principal))


def new_key(ctx: Context, user: User, *, name: str, expires_at: datetime | None, now: datetime) -> CreatedKey:
    """An API key of the user, not stored yet; Invalid `invalid_name`, or `expires_at` unless in the future."""
    check_name(name)
    check_expiry(expires_at, now=now)
    secret = ctx.random_bytes(SECRET_BYTES)
    key, text = new_credential(
        "api_key", user, id=ctx.new_id(now), secret=secret, now=now, expires_at=expires_at, name=name
    )
    return CreatedKey(key, text)


def create_key_commands(account: Account, user: User, key: Credential, *, actor: Actor) -> list[Command]:
    """The key, the counts and the audit entry; errors as in `create_api_key`."""
    require_active(account)
    if user.key_count >= MAX_KEYS_OF_USER:
        raise Conflict(f"A user has at most {MAX_KEYS_OF_USER} API keys", code="too_many_keys")
    if account.counts.key_count >= MAX_KEYS:
        raise Conflict(f"An account has at most {MAX_KEYS} API keys", code="too_many_keys")
    change = Change(
        actor,
        "api_key.created",
        API_KEY + key.id,
        after=_audit_snapshot(key),
        events=(api_key_created(key),),
    )
    return [
        put_credential(key),
        *count_keys(account_id=account.id, user_id=user.id, by=1),
        *record(account, change, at=key.created_at),
    ]


def revoke_key_commands(account: Account, key: Credential, *, actor: Actor, at: datetime) -> list[Command]:
    change = Change(
        actor,
        "api_key.revoked",
        API_KEY + key.id,
        before=_audit_snapshot(key),
        events=(api_key_revoked(key),),
    )
    return [
        Delete(keys.api_key(account.id, key.id)),
        *count_keys(account_id=account.id, user_id=key.user_id, by=-1),
        *record(account, change, at=at),
    ]


def all_keys(ctx: Context, account_id: str) -> list[Credential]:
    """Oldest first, at most 1,000."""
    items = ctx.tables.query("core", keys.account(account_id).pk, start=keys.API_KEYS, end=f"{keys.API_KEYS}~")
    return [read_credential(item) for item in items]


def _audit_snapshot(key: Credential) -> dict[str, str | None]:
    return {"name": key.name, "user_id": USER + key.user_id, "expires_at": stamp_or_none(key.expires_at)}
