"""All that moto's tables hold, read past its API, kept and put back: what takes many calls is done at once."""

import copy
import copyreg
import pickle
from collections import defaultdict
from decimal import Decimal
from types import SimpleNamespace
from typing import Any


def keep() -> bytes:
    return pickle.dumps(_backend().tables, pickle.HIGHEST_PROTOCOL)


def put_back(kept: bytes) -> None:
    """Everything as it was; what was written since is gone."""
    _backend().tables = pickle.loads(kept)  # noqa: S301 our own, from this process


def is_moto(client: Any) -> bool:
    """Whether the client's calls end here, and not at an emulator's address."""
    return "amazonaws.com" in client.meta.endpoint_url


def rows(name: str, sk: str = "") -> list[dict[str, Any]]:
    """A table's items, those whose sort key starts so, as DynamoDB's typed JSON."""
    partitions = _backend().tables[name].items.values()
    items = (item for partition in partitions for item in partition.values() if item.range_key.value.startswith(sk))
    return [item.to_json()["Attributes"] for item in items]


def forget(name: str, sk: str) -> None:
    """The items with this sort key are there no more: a long story needs less time without what nobody asks for."""
    for partition in _backend().tables[name].items.values():
        for key in [key for key in partition if key.value == sk]:
            del partition[key]


def row(name: str, pk: str, sk: str) -> dict[str, Any] | None:
    item = _backend().get_item(name, {"pk": {"S": pk}, "sk": {"S": sk}})
    return item.to_json()["Attributes"] if item else None


def quicken_transactions() -> None:
    """Moto copies a table whole for each action of a transaction, to put it back, and sorts it whole for each query.

    Once for all actions is enough, of the items alone that they change; and plain texts sort as well.
    """
    from moto.dynamodb import models
    from moto.dynamodb.models import DynamoDBBackend, Table

    slow = DynamoDBBackend.transact_write_items
    copies: dict[int, Any] = {}
    actions: list[dict[str, Any]] = []

    def copied(thing: Any) -> Any:
        if not isinstance(thing, Table):
            return copy.deepcopy(thing)
        if id(thing) not in copies:
            copies[id(thing)] = _before(thing, actions)
        return copies[id(thing)]

    def quick(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        copies.clear()
        actions[:] = transact_items
        slow(backend, transact_items)

    models.copy = SimpleNamespace(deepcopy=copied)  # type: ignore[assignment]
    DynamoDBBackend.transact_write_items = quick  # type: ignore[method-assign]
    Table.all_items = _in_order  # type: ignore[method-assign]


def _before(table: Any, actions: list[dict[str, Any]]) -> Any:
    """The table as it is, whatever the actions do to it: an update changes its item in place, all else replaces it."""
    from moto.dynamodb.models.dynamo_type import DynamoType

    before = copy.copy(table)
    before.items = defaultdict(dict, {pk: dict(rows) for pk, rows in table.items.items()})
    for update in (action["Update"] for action in actions if "Update" in action):
        pk, sk = DynamoType(update["Key"]["pk"]), DynamoType(update["Key"]["sk"])
        if update["TableName"] == table.name and sk in before.items.get(pk, {}):
            before.items[pk][sk] = copy.deepcopy(before.items[pk][sk])
    return before


def quicken_answers() -> None:
    """Moto looks for each of an attribute's ten types by some ten spellings of its name; it has one, by its own."""
    from moto.core.serialize import JSONSerializer

    slow = JSONSerializer._serialize_type_structure

    def quick(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and (plain := _plain(value)) is not None:
            self._default_serialize(serialized, plain, shape, key)
        else:
            slow(self, serialized, value, shape, key)

    JSONSerializer._serialize_type_structure = quick  # type: ignore[method-assign]


def _plain(value: Any) -> dict[str, Any] | None:
    """An attribute that holds no more than one text, number or truth."""
    held = value if isinstance(value, dict) else {value.type: value.value}
    (kind, content), *others = held.items()
    return None if others or kind not in {"S", "N", "BOOL", "NULL"} else {kind: content}


def add_small_numbers() -> None:
    """Moto fails to add what it or boto3 writes as 1E-9, which DynamoDB takes like any number."""
    from moto.dynamodb.models.dynamo_type import DDBType, DynamoType

    def add(self: Any, other: Any) -> Any:
        one, two = (int(n.value) if n.value.lstrip("-").isdigit() else Decimal(n.value) for n in (self, other))
        return DynamoType({DDBType.NUMBER: f"{one + two}"})

    slow = DynamoType.__add__
    DynamoType.__add__ = lambda self, other: add(self, other) if self.is_number() else slow(self, other)  # type: ignore[method-assign]


def quicken_snapshots() -> None:
    """Moto measures an item anew for each attribute that it is given; one that is put back was measured once."""
    from moto.dynamodb.models.dynamo_type import LimitedSizeDict

    copyreg.pickle(LimitedSizeDict, lambda attributes: (_as_kept, (dict(attributes),)))


def _as_kept(attributes: dict[str, Any]) -> Any:
    from moto.dynamodb.models.dynamo_type import LimitedSizeDict

    kept = LimitedSizeDict()
    dict.update(kept, attributes)
    return kept


def _in_order(table: Any) -> list[Any]:
    items = [item for rows in table.items.values() for item in rows.values()]
    return sorted(items, key=lambda item: (item.hash_key.value, item.range_key.value))


def _backend() -> Any:
    from moto.dynamodb import dynamodb_backends

    return dynamodb_backends["123456789012"]["eu-west-1"]
