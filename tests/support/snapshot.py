"""All that moto's tables hold, read past its API, kept and put back: what takes many calls is done at once."""

import copyreg
import pickle
from decimal import Decimal
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


def _backend() -> Any:
    from moto.dynamodb import dynamodb_backends

    return dynamodb_backends["123456789012"]["eu-west-1"]
