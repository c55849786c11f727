"""The two tables for tests: on moto in this process, or on an emulator that many threads may use at once."""

from collections.abc import Callable
from typing import Any

from tallybook.domain.limits import Limit, Limits
from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.services.context import Context
from tallybook.store.capacity import CapacityMeter, item_size
from tallybook.store.catalogs import Catalogs
from tallybook.store.keys import Key
from tallybook.store.requests import dynamodb_key, from_dynamodb
from tallybook.store.table import Tables
from tests.support import snapshot
from tests.support.clock import StillClock

NAMES: dict[Any, str] = {"core": "core", "usage": "usage"}
PASSWORD_ROUNDS = 4
_UNLIMITED = Limit(10**6)
UNLIMITED = Limits(**dict.fromkeys(Limits._fields, _UNLIMITED))


def create_tables(client: Any, names: dict[Any, str] = NAMES) -> None:
    """Both tables with the keys and the index that the stack gives them."""
    key = [("pk", "HASH"), ("sk", "RANGE")]
    index = [("work", "HASH"), ("due", "RANGE")]
    for table, name in names.items():
        attributes = [*key, *(index if table == "core" else [])]
        request: dict[str, Any] = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": part, "KeyType": kind} for part, kind in key],
            "AttributeDefinitions": [{"AttributeName": part, "AttributeType": "S"} for part, _ in attributes],
        }
        if table == "core":
            request["GlobalSecondaryIndexes"] = [
                {
                    "IndexName": "work",
                    "KeySchema": [{"AttributeName": part, "KeyType": kind} for part, kind in index],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ]
        client.create_table(**request)


def make_context(
    client: Any,
    *,
    interceptor: Interceptor = passthrough,
    names: dict[Any, str] = NAMES,
    clock: StillClock | None = None,
    pause: Callable[[float], None] = lambda _: None,
    **settings: Any,
) -> Context:
    """A context on the tables, with a meter that knows the true size of every item."""

    def size(key: Key) -> int:
        if snapshot.is_moto(client):
            return item_size(snapshot.row(names[key.table], *key[1:]) or {})
        answer = client.get_item(TableName=names[key.table], Key=dynamodb_key(key), ConsistentRead=True)
        return item_size(from_dynamodb(answer.get("Item", {})))

    tables = Tables(client, names, interceptor=interceptor, observer=CapacityMeter(sizes=size), pause=pause)
    settings = {"password_rounds": PASSWORD_ROUNDS, "workers": 1, "limits": UNLIMITED, **settings}
    return Context(tables=tables, catalogs=Catalogs(tables), clock=clock or StillClock(), **settings)


def meter_of(tables: Tables) -> CapacityMeter:
    """The meter that observes these tables."""
    assert isinstance(tables.observer, CapacityMeter)
    return tables.observer


def all_items(client: Any, name: str, sk: str = "") -> list[dict[str, Any]]:
    """All items of a table, or those whose sort key begins with `sk`; only tests may scan."""
    if snapshot.is_moto(client):
        return snapshot.rows(name, sk)
    pages = client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    items = (from_dynamodb(item) for page in pages for item in page["Items"])
    return [item for item in items if item["sk"].startswith(sk)]
