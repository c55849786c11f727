"""Reads, saves and restores moto's tables without its API, which would take many calls."""

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tallybook.store.requests import from_dynamodb
from tests.support.binary import decode_binary

type Snapshot = dict[str, Any]


def take_snapshot() -> Snapshot:
    """All tables as they are now. Items need no copy: moto replaces items, never changes one (see `moto_patches`)."""
    return {name: with_rows(table, table.items) for name, table in _backend().tables.items()}


def restore_snapshot(kept: Snapshot) -> None:
    """Restore the tables; everything written since is gone."""
    _backend().tables = {name: with_rows(table, table.items) for name, table in kept.items()}


def with_rows(table: Any, items: dict[Any, dict[Any, Any]]) -> Any:
    """A copy of the table with these items; writes to one don't show in the other."""
    other = copy.copy(table)
    other.items = defaultdict(dict, {pk: dict(rows) for pk, rows in items.items()})
    return other


def compute_once[Value](item: Any, name: str, compute: Callable[[Any], Value]) -> Value:
    """A value derived from an item, computed at the first call."""
    if name not in item.__dict__:
        item.__dict__[name] = compute(item)
    value: Value = item.__dict__[name]
    return value


def is_moto(client: Any) -> bool:
    """Whether the client calls moto in this process rather than an emulator's address."""
    return "amazonaws.com" in client.meta.endpoint_url


def rows(name: str, sk: str = "") -> list[dict[str, Any]]:
    """A table's items whose sort key starts with `sk`."""
    partitions = _backend().tables[name].items.values()
    items = (item for partition in partitions for item in partition.values() if item.range_key.value.startswith(sk))
    return [dict(compute_once(item, "plain", _plain)) for item in items]


def forget(name: str, sk: str) -> None:
    """Delete the items with this sort key, to make long simulations faster."""
    for partition in _backend().tables[name].items.values():
        for key in [key for key in partition if key.value == sk]:
            del partition[key]


def row(name: str, pk: str, sk: str) -> dict[str, Any] | None:
    item = _backend().get_item(name, {"pk": {"S": pk}, "sk": {"S": sk}})
    return dict(compute_once(item, "plain", _plain)) if item else None


def _plain(item: Any) -> dict[str, Any]:
    return from_dynamodb({name: decode_binary(value) for name, value in item.to_json()["Attributes"].items()})


def _backend() -> Any:
    from moto.dynamodb import dynamodb_backends

    return dynamodb_backends["123456789012"]["eu-west-1"]
