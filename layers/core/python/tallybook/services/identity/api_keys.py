"""Creates, lists and revokes a user's API keys. Creation returns the secret, which can't be read again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tallybook.domain.accounts import MAX_KEYS, MAX_KEYS_OF_USER, Account, User, require_active
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.credentials import (
    SECRET_BYTES,
    Credential,
    Principal,
    check_expiry,
    made_with,
    new_credential,
)
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.events.accounts import api_key_created, api_key_revoked
from tallybook.domain.idempotency import Present
from tallybook.domain.ids import API_KEY, USER
from tallybook.domain.outbox import Mail
from tallybook.domain.text_rules import check_name
from tallybook.domain.times import readable, stamp_or_none
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.kept_answers import keep_answer
from tallybook.services.key_lookup import all_keys
from tallybook.store.commands import Command
from tallybook.store.credentials import delete_keys, put_credential
from tallybook.store.users import count_keys


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """`text` is the secret."""

    key: Credential
    text: str = field(repr=False)


def create_api_key(
    ctx: Context,
    principal: Principal,
    *,
    name: str,
    expires_at: datetime | None = None,
    present: Present[CreatedKey] | None = None,
) -> CreatedKey:
    """An API key that acts as the caller. A key that is made with a key ends with it, and expires no later.

    Invalid `invalid_name` or `expires_at`; Forbidden `account_suspended`; Conflict `too_many_keys` over 50 for a user
    or 1,000 for an account.
    """
    now = ctx.clock.now()
    parent = principal.credential if principal.credential.kind == "api_key" else None
    created = new_key(ctx, principal.user, name=name, expires_at=expires_at, parent=parent, now=now)

    def create(principal: Principal) -> CreatedKey:
        commands = create_key_commands(
            principal.account, principal.user, created.key, parent=parent, actor=actor_of(principal)
        )
        ctx.tables.transact([*commands, *keep_answer(ctx, principal.keyed, present, created, at=now)])
        return created

    return retry_on_conflict(ctx, create, principal, reload=lambda: reread(ctx, principal))


def list_api_keys(ctx: Context, principal: Principal) -> list[Credential]:
    """Newest first: all keys of the account for a root user, their own for other users."""
    newest_first = reversed(all_keys(ctx, principal.account.id))
    return [key for key in newest_first if principal.user.is_root or key.user_id == principal.user.id]


def revoke_api_key(ctx: Context, principal: Principal, key_id: str) -> None:
    """Delete the key, and the keys made with it. NotFound for a key that the caller can't list."""

    def revoke(principal: Principal) -> None:
        listed = list_api_keys(ctx, principal)
        ctx.tables.transact(
            revoke_key_commands(principal.account, listed, key_id, actor=actor_of(principal), at=ctx.clock.now())
        )

    retry_on_conflict(ctx, revoke, principal, reload=lambda: reread(ctx, principal))


def new_key(
    ctx: Context,
    user: User,
    *,
    name: str,
    expires_at: datetime | None,
    now: datetime,
    parent: Credential | None = None,
) -> CreatedKey:
    """An API key of the user, not stored yet; Invalid `invalid_name`, or `expires_at` unless in the future.

    `parent`: the key that it is made with; the new one expires no later.
    """
    check_name(name)
    check_expiry(expires_at, now=now)
    if parent is not None and parent.expires_at is not None:
        expires_at = min(expires_at or parent.expires_at, parent.expires_at)
    secret = ctx.random_bytes(SECRET_BYTES)
    key, text = new_credential(
        "api_key", user, id=ctx.new_id(now), secret=secret, now=now, expires_at=expires_at, name=name
    )
    return CreatedKey(replace(key, parent_id=parent.id if parent else None), text)


def create_key_commands(
    account: Account, user: User, key: Credential, *, actor: Actor, parent: Credential | None = None
) -> list[Command]:
    """The key, the counts and the audit entry with the mail to the user; errors as in `create_api_key`.

    The transaction fails if the account has changed since it was read, so no key is made with one that has ended.
    """
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
        mails=(_created_mail(user, key, actor=actor, parent=parent),),
        events=(api_key_created(key),),
    )
    return [
        put_credential(key),
        *count_keys(account_id=account.id, user_id=user.id, by=1),
        *record(account, change, at=key.created_at),
    ]


def revoke_key_commands(
    account: Account, stored: Sequence[Credential], key_id: str, *, actor: Actor, at: datetime
) -> list[Command]:
    """Delete the key, and the keys made with it, at most 50 together; NotFound if it is not among the `stored` ones."""
    key = next((key for key in stored if key.id == key_id), None)
    if key is None:
        raise NotFound("There is no such API key", resource="api_key")
    more = made_with(stored, key_id)
    change = Change(
        actor,
        "api_key.revoked",
        API_KEY + key.id,
        before=_audit_snapshot(key) | ({"made_with_it": [API_KEY + one.id for one in more]} if more else {}),
        events=tuple(api_key_revoked(one) for one in (key, *more)),
    )
    return [
        *delete_keys([key, *more]),
        *count_keys(account_id=account.id, user_id=key.user_id, by=-1 - len(more)),
        *record(account, change, at=at),
    ]


def _created_mail(user: User, key: Credential, *, actor: Actor, parent: Credential | None) -> Mail:
    context = {
        "key": key.name,
        "at": readable(key.created_at),
        "expires_at": key.expires_at and readable(key.expires_at),
        "made_with": parent and parent.name,
        "operator": actor.kind == "operator",
        "address": actor.address,
    }
    return Mail("api_key_created", (user.email,), context)


def _audit_snapshot(key: Credential) -> dict[str, str | None]:
    return {"name": key.name, "user_id": USER + key.user_id, "expires_at": stamp_or_none(key.expires_at)}
