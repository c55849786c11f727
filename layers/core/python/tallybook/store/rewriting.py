"""Rewrites a stored item in the present shape, if it is still as it was read."""

from collections.abc import Collection, Mapping
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.store.commands import Item, Update
from tallybook.store.keys import Key

_KEY = ("pk", "sk")


def rewrite(key: Key, item: Item, after: Mapping[str, Any], *, drop: Collection[str] = ()) -> Update | None:
    """Set the attributes of `after` that differ, and remove those of `drop`; None if there is nothing to change.

    All other attributes stay. WriteConflict if any attribute changed since the item was read, because what is set was
    computed from all of them.
    """
    changed = {name: value for name, value in after.items() if value is not None and item.get(name) != value}
    removed = tuple(name for name in drop if name in item)
    if not changed and not removed:
        return None
    return Update(key, set=changed, remove=removed, condition=_as_read(item, [*changed]))


def _as_read(item: Item, changed: Collection[str]) -> ConditionBase:
    unchanged: ConditionBase = Attr("pk").exists()
    for name, value in item.items():
        if name not in _KEY:
            unchanged &= Attr(name).eq(value)
    for name in changed:
        if name not in item:
            unchanged &= Attr(name).not_exists()
    return unchanged
