"""The only calls to DynamoDB: get, get_many, query, query_numbered, query_due, write and transact.

`sending.py` retries throttling, conflicts and lost responses, so services see three outcomes: success; `WriteConflict`,
or the `refusal` of the failed command; `Unavailable`. A transaction whose response was lost is
repeated with the same token, so that it happens once.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition

from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.store.commands import Command, Delete, Item, Put, Update, merge_commands, whole_item
from tallybook.store.conflicts import Failure, raise_conflict
from tallybook.store.keys import Key, TableName
from tallybook.store.observer import Observer
from tallybook.store.requests import (
    batch_request,
    command_request,
    count_keys,
    dynamodb_key,
    from_dynamodb,
    query_request,
)
from tallybook.store.sending import ConditionFailed, Sender

WORK_INDEX = "work"
LAST = "9999"
MAX_ACTIONS = 100
MAX_KEYS = 100


class Due(NamedTuple):
    """An entry of the index of due work: the item's key, and the instant from which it is due."""

    key: Key
    at: str


class Tables:
    """Both tables behind one client. `names` maps `core` and `usage` to their names in this stage."""

    def __init__(
        self,
        client: Any,
        names: Mapping[TableName, str],
        *,
        interceptor: Interceptor = passthrough,
        observer: Observer | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.observer = observer
        self._names = names
        self._tables = {name: table for table, name in names.items()}
        self._sender = Sender(client, interceptor, pause=pause)

    def backoff(self) -> Callable[[], None]:
        """A function that waits before the next attempt, longer each time, and at last raises Unavailable."""
        return self._sender.backoff()

    def get(self, key: Key) -> Item | None:
        """The item, strongly consistent."""
        answer = self._sender.send(
            "get_item", TableName=self._names[key.table], Key=dynamodb_key(key), ConsistentRead=True
        )
        item = from_dynamodb(answer["Item"]) if "Item" in answer else None
        if self.observer:
            self.observer.items_read("get", [item] if item else [], missing=0 if item else 1, consistent=True)
        return item

    def get_once(self, key: Key) -> Item | None:
        """The item as it was a moment ago, at half the price; Unavailable if the only attempt fails."""
        answer = self._sender.send_once("get_item", TableName=self._names[key.table], Key=dynamodb_key(key))
        item = from_dynamodb(answer["Item"]) if "Item" in answer else None
        if self.observer:
            self.observer.items_read("get", [item] if item else [], missing=0 if item else 1, consistent=False)
        return item

    def disconnect(self) -> None:
        """Close the connections; the next call opens another one."""
        self._sender.disconnect()

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """The existing items of these keys; one round trip for each 100 keys.

        Without `consistent` it costs half as much, and recent changes may be missing.
        """
        distinct = list(dict.fromkeys(keys))
        found: dict[Key, Item] = {}
        for start in range(0, len(distinct), MAX_KEYS):
            found |= self._get_batch(distinct[start : start + MAX_KEYS], consistent=consistent)
        return found

    def query(
        self,
        table: TableName,
        pk: str,
        *,
        start: str,
        end: str,
        limit: int | None = None,
        consistent: bool = True,
        newest_first: bool = False,
    ) -> Iterator[Item]:
        """The items of a partition with `start` <= sk <= `end`, ascending or descending, read page by page."""
        condition = KeyCondition("pk").eq(pk) & KeyCondition("sk").between(start, end)
        return self._pages(table, condition, limit=limit, consistent=consistent, ScanIndexForward=not newest_first)

    def query_numbered(self, key_of: Callable[[int], Key], *, newest: int, limit: int, after: int = 0) -> list[Item]:
        """Up to `limit` items, numbers descending from `newest`, all greater than `after`.

        The numbers must have no gaps. An eventually consistent query, at half the price, reads the items; a consistent
        one reads them again only if one is missing. So an item may lack a very recent change.
        """
        oldest = max(after + 1, newest - limit + 1)
        if newest < oldest:
            return []
        first, last = key_of(oldest), key_of(newest)
        where: dict[str, Any] = {"start": first.sk, "end": last.sk, "newest_first": True}
        found = list(self.query(first.table, first.pk, **where, consistent=False))
        return found if len(found) == newest - oldest + 1 else list(self.query(first.table, first.pk, **where))

    def query_due(
        self,
        partition: str,
        *,
        since: str = "",
        until: str = LAST,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Due]:
        """The entries of a partition of the index that are due from `since` to `until`, in order.

        The index is eventually consistent: read each item by its key before you change it.
        """
        due = KeyCondition("due").between(since, until) if since else KeyCondition("due").lte(until)
        condition = KeyCondition("work").eq(partition) & due
        rows = self._pages(
            "core", condition, limit=limit, IndexName=WORK_INDEX, consistent=False, ScanIndexForward=not newest_first
        )
        return (Due(Key("core", row["pk"], row["sk"]), row["due"]) for row in rows)

    def write(self, command: Put | Update | Delete) -> None:
        """Write one command, at half the price of a transaction. It has no `add`, because a retry could add twice."""
        if isinstance(command, Update) and command.add:
            raise ValueError("an addition needs a transaction")
        action, request = command_request(command, self._names)
        operation = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}[action]
        try:
            self._sender.send(operation, **request)
        except ConditionFailed as error:
            if isinstance(command, Put) and error.items[0] == whole_item(command):
                return  # an earlier attempt, whose response was lost, has written it
            if isinstance(command, Delete) and error.was_lost_before and error.items[0] is None:
                return  # an earlier attempt, whose response was lost, has deleted it
            raise_conflict([Failure(command, error.items[0])])
        finally:
            if self.observer:
                self.observer.written(action.lower(), [command])

    def transact(self, commands: Sequence[Command]) -> None:
        """Write all of the commands or none: at most 100, after commands on the same item are merged."""
        commands = merge_commands(commands)
        actions = [command_request(command, self._names) for command in commands]
        request = {
            "TransactItems": [{action: parameters} for action, parameters in actions],
            "ClientRequestToken": str(uuid.uuid4()),
        }
        try:
            self._sender.send("transact_write_items", **request)
        except ConditionFailed as error:
            raise_conflict([Failure(commands[index], was) for index, was in error.items.items()])
        finally:
            if self.observer:
                self.observer.written("transact", commands)

    def _pages(
        self, table: TableName, condition: ConditionBase, *, limit: int | None, consistent: bool, **parameters: Any
    ) -> Iterator[Item]:
        request = query_request(self._names[table], condition, consistent=consistent, **parameters)
        remaining = limit
        while remaining is None or remaining > 0:
            if remaining is not None:
                request["Limit"] = remaining
            answer = self._sender.send("query", **request)
            items = [from_dynamodb(item) for item in answer["Items"]]
            if self.observer:
                self.observer.page_read(items, consistent=consistent)
            yield from items
            if remaining is not None:
                remaining -= len(items)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _get_batch(self, keys: list[Key], *, consistent: bool) -> dict[Key, Item]:
        request = batch_request(keys, self._names, consistent=consistent)
        found: dict[Key, Item] = {}
        backoff = self._sender.backoff()
        while request:
            answer = self._sender.send("batch_get_item", RequestItems=request)
            responses: dict[str, list[Item]] = answer["Responses"]
            items = [(self._tables[name], from_dynamodb(row)) for name, rows in responses.items() for row in rows]
            found |= {Key(table, item["pk"], item["sk"]): item for table, item in items}
            unprocessed: dict[str, Any] = answer.get("UnprocessedKeys") or {}
            if self.observer:
                missing = count_keys(request) - count_keys(unprocessed) - len(items)
                rows = [item for _, item in items]
                self.observer.items_read("get_many", rows, missing=missing, consistent=consistent)
            request = unprocessed
            if request:
                backoff()
        return found
