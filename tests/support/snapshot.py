"""All that moto's tables hold, read past its API, kept and put back: what takes many calls is done at once."""

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tallybook.store.commands import from_wire

type Snapshot = dict[str, Any]


def take_snapshot() -> Snapshot:
    """All as it is now; an item never changes, for moto puts another in its place (see `moto_patches`)."""
    return {name: with_rows(table, table.items) for name, table in _backend().tables.items()}


def restore_snapshot(kept: Snapshot) -> None:
    """Everything as it was; what was written since is gone."""
    _backend().tables = {name: with_rows(table, table.items) for name, table in kept.items()}


def with_rows(table: Any, items: dict[Any, dict[Any, Any]]) -> Any:
    """The same table, but what is written to the one is not in the other."""
    other = copy.copy(table)
    other.items = defaultdict(dict, {pk: dict(rows) for pk, rows in items.items()})
    return other


def compute_once[Told](item: Any, name: str, tell: Callable[[Any], Told]) -> Told:
    """What is to be told of an item, found out when it is first asked for."""
    if name not in item.__dict__:
        item.__dict__[name] = tell(item)
    told: Told = item.__dict__[name]
    return told


def is_moto(client: Any) -> bool:
    """Whether the client's calls end here, and not at an emulator's address."""
    return "amazonaws.com" in client.meta.endpoint_url


def rows(name: str, sk: str = "") -> list[dict[str, Any]]:
    """A table's items, those whose sort key starts so."""
    partitions = _backend().tables[name].items.values()
    items = (item for partition in partitions for item in partition.values() if item.range_key.value.startswith(sk))
    return [dict(compute_once(item, "plain", _plain)) for item in items]


def forget(name: str, sk: str) -> None:
    """The items with this sort key are there no more: a long story needs less time without what nobody asks for."""
    for partition in _backend().tables[name].items.values():
        for key in [key for key in partition if key.value == sk]:
            del partition[key]


def row(name: str, pk: str, sk: str) -> dict[str, Any] | None:
    item = _backend().get_item(name, {"pk": {"S": pk}, "sk": {"S": sk}})
    return dict(compute_once(item, "plain", _plain)) if item else None


def _plain(item: Any) -> dict[str, Any]:
    return from_wire(item.to_json()["Attributes"])


def _backend() -> Any:
    from moto.dynamodb import dynamodb_backends

    return dynamodb_backends["123456789012"]["eu-west-1"]
