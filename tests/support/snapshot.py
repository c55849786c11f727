"""All that moto's tables hold, read past its API, kept and put back: what takes many calls is done at once."""

import copy
import pickle
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


def rows(name: str) -> list[dict[str, Any]]:
    """A table's items as DynamoDB's typed JSON."""
    partitions = _backend().tables[name].items.values()
    return [item.to_json()["Attributes"] for partition in partitions for item in partition.values()]


def row(name: str, pk: str, sk: str) -> dict[str, Any] | None:
    item = _backend().get_item(name, {"pk": {"S": pk}, "sk": {"S": sk}})
    return item.to_json()["Attributes"] if item else None


def quicken_transactions() -> None:
    """Moto copies a table once for each action of a transaction, to put it back; once for all of them is enough."""
    from moto.dynamodb import models
    from moto.dynamodb.models import DynamoDBBackend

    slow = DynamoDBBackend.transact_write_items
    copies: dict[int, Any] = {}

    def copied(thing: Any) -> Any:
        if not isinstance(thing, models.Table):
            return copy.deepcopy(thing)
        if id(thing) not in copies:
            copies[id(thing)] = copy.deepcopy(thing)
        return copies[id(thing)]

    def quick(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        copies.clear()
        slow(backend, transact_items)

    models.copy = SimpleNamespace(deepcopy=copied)  # type: ignore[assignment]
    DynamoDBBackend.transact_write_items = quick  # type: ignore[method-assign]


def _backend() -> Any:
    from moto.dynamodb import dynamodb_backends

    return dynamodb_backends["123456789012"]["eu-west-1"]
