"""Platform keys: the operator creates, lists and revokes them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from tallybook.domain.credentials import (
    MAX_PLATFORM_KEYS,
    SCOPES,
    SECRET_BYTES,
    PlatformKey,
    check_expiry,
    format_platform_key,
    hash_text,
)
from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.domain.ids import PLATFORM_KEY
from tallybook.domain.text_rules import check_name, check_source_prefix
from tallybook.domain.times import stamp_or_none
from tallybook.services.changes import retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.audit import put_operator_entry
from tallybook.store.commands import Delete
from tallybook.store.conflicts import WriteConflict
from tallybook.store.platform_keys import (
    change_key_ids,
    put_key_ids,
    put_platform_key,
    read_key_ids,
    read_platform_key,
)

_CREATED, _REVOKED = "platform_key.created", "platform_key.revoked"


@dataclass(frozen=True, slots=True)
class CreatedPlatformKey:
    """`text` is the secret."""

    key: PlatformKey
    text: str = field(repr=False)


def create_platform_key(
    ctx: Context,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    source_prefix: str | None = None,
) -> CreatedPlatformKey:
    """A key with these scopes.

    Invalid `invalid_name`, `scopes` if one is unknown or there is none, `expires_at`, or `source_prefix`; Conflict
    `too_many_keys` over 1,000.
    """
    created = _new_key(ctx, name=name, scopes=scopes, expires_at=expires_at, source_prefix=source_prefix)
    key = created.key
    entry = put_operator_entry(
        ctx.new_id(key.created_at),
        at=key.created_at,
        action=_CREATED,
        target=PLATFORM_KEY + key.id,
        after=_audit_snapshot(key),
    )

    def create(listed: tuple[str, ...]) -> CreatedPlatformKey:
        if len(listed) >= MAX_PLATFORM_KEYS:
            raise Conflict(f"There may be at most {MAX_PLATFORM_KEYS} platform keys", code="too_many_keys")
        ctx.tables.transact([put_platform_key(key), change_key_ids(listed, [*listed, key.id]), entry])
        return created

    return _change_list(ctx, create)


def list_platform_keys(ctx: Context) -> list[PlatformKey]:
    """All keys that are not revoked, expired ones too, newest first."""
    wanted = [keys.platform_key(id) for id in reversed(_listed(ctx))]
    items = ctx.tables.get_many(wanted)
    return [read_platform_key(items[key]) for key in wanted if key in items]


def revoke_platform_key(ctx: Context, key_id: str) -> PlatformKey:
    """Delete the key, and return it. From now on it is invalid. NotFound."""

    def revoke(listed: tuple[str, ...]) -> PlatformKey:
        item = ctx.tables.get(keys.platform_key(key_id))
        if item is None:
            raise NotFound("There is no such platform key", resource="platform_key")
        key, now = read_platform_key(item), ctx.clock.now()
        entry = put_operator_entry(
            ctx.new_id(now), at=now, action=_REVOKED, target=PLATFORM_KEY + key.id, before=_audit_snapshot(key)
        )
        left = [id for id in listed if id != key.id]
        ctx.tables.transact([Delete(keys.platform_key(key.id)), change_key_ids(listed, left), entry])
        return key

    return _change_list(ctx, revoke)


def _new_key(
    ctx: Context, *, name: str, scopes: Sequence[str], expires_at: datetime | None, source_prefix: str | None
) -> CreatedPlatformKey:
    check_name(name)
    if not scopes or any(scope not in SCOPES for scope in scopes):
        raise Invalid(f"scopes must be one or more of {', '.join(SCOPES)}", field="scopes")
    now = ctx.clock.now()
    key_id = ctx.new_id(now)
    text = format_platform_key(key_id=key_id, secret=ctx.random_bytes(SECRET_BYTES))
    key = PlatformKey(
        id=key_id,
        name=name,
        scopes=tuple(dict.fromkeys(scopes)),
        secret_hash=hash_text(text),
        created_at=now,
        expires_at=check_expiry(expires_at, now=now),
        source_prefix=check_source_prefix(source_prefix),
    )
    return CreatedPlatformKey(key, text)


def _change_list[Result](ctx: Context, decide: Callable[[tuple[str, ...]], Result]) -> Result:
    return retry_on_conflict(ctx, decide, _listed(ctx), reload=lambda: _listed(ctx))


def _listed(ctx: Context) -> tuple[str, ...]:
    """The ids of all keys, oldest first.

    An installation older than the list gets it here, from the audit log: it has an entry for each key that was created.
    """
    item = ctx.tables.get(keys.platform_keys())
    if item is None:
        with suppress(WriteConflict):  # another command has just stored it
            ctx.tables.write(put_key_ids(_created_before(ctx)))
        item = ctx.tables.get(keys.platform_keys())
    return read_key_ids(item) if item else ()


def _created_before(ctx: Context) -> list[str]:
    log = ctx.tables.query("core", keys.OPERATOR_AUDIT, start="0", end="~")
    return [entry["target"].removeprefix(PLATFORM_KEY) for entry in log if entry["action"] == _CREATED]


def _audit_snapshot(key: PlatformKey) -> dict[str, object]:
    return {
        "name": key.name,
        "scopes": list(key.scopes),
        "expires_at": stamp_or_none(key.expires_at),
        "source_prefix": key.source_prefix,
    }
