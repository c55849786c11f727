"""Platform keys, and the list of their ids, as items. Only the hashes of secrets are stored.

Each key has an item of its own, so that functions read it by key. The list is one item, so that a list of all keys is
strongly consistent and is read by key. Only the operator writes either; a function may set `last_used_at`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from boto3.dynamodb.conditions import Attr

from tallybook.domain.credentials import PlatformKey
from tallybook.domain.times import instant_or_none, parse_instant, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update


def put_platform_key(key: PlatformKey) -> Put:
    return Put(
        keys.platform_key(key.id),
        {
            "id": key.id,
            "name": key.name,
            "scopes": list(key.scopes),
            "secret_hash": key.secret_hash,
            "created_at": stamp(key.created_at),
            "expires_at": stamp_or_none(key.expires_at),
            "source_prefix": key.source_prefix,
        },
    )


def read_platform_key(item: Item) -> PlatformKey:
    """A key; those of older versions have no `expires_at` and no `source_prefix`."""
    return PlatformKey(
        id=item["id"],
        name=item["name"],
        scopes=tuple(item["scopes"]),
        secret_hash=item["secret_hash"],
        created_at=parse_instant(item["created_at"]),
        expires_at=instant_or_none(item.get("expires_at")),
        last_used_at=instant_or_none(item.get("last_used_at")),
        source_prefix=item.get("source_prefix"),
    )


def note_use(key: PlatformKey, *, at: datetime) -> Update:
    """Set when the key was last used; WriteConflict if it was revoked. Functions may change no other attribute."""
    return Update(keys.platform_key(key.id), set={"last_used_at": stamp(at)})


def put_key_ids(key_ids: Iterable[str]) -> Put:
    """The first list; WriteConflict if there is one."""
    return Put(keys.platform_keys(), {"key_ids": list(key_ids)})


def change_key_ids(before: Sequence[str], after: Sequence[str]) -> Update:
    """Another list; WriteConflict if it changed since it was read."""
    unchanged = Attr("key_ids").eq(list(before))
    return Update(keys.platform_keys(), set={"key_ids": list(after)}, condition=unchanged)


def read_key_ids(item: Item) -> tuple[str, ...]:
    """Oldest first."""
    return tuple(item["key_ids"])
