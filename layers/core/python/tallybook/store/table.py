"""The only DynamoDB calls there are: get, get_many, query, write and transact.

Throttling, conflicts and lost answers are tried again (`sending.py`), so that services see three outcomes: it
happened, it was refused (`WriteConflict`, or the refusal that the failing command names), or `Unavailable`.
A transaction whose answer was lost is repeated with its own token, so that it happens once.
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.conditions import Key as KeyCondition

from tallybook.gateways.interceptor import Interceptor, passthrough
from tallybook.store.capacity import Bill, item_size, read_units, write_units
from tallybook.store.commands import (
    Check,
    Command,
    Delete,
    Item,
    Put,
    Update,
    from_wire,
    index_units,
    merge_commands,
    request_of,
    to_wire,
    wire_key,
)
from tallybook.store.keys import Key, TableName
from tallybook.store.sending import ConditionFailed, Sender

WORK_INDEX = "work"
LAST = "9999"
MAX_ACTIONS = 100
MAX_KEYS = 100


@dataclass(frozen=True, slots=True)
class Failure:
    """A command whose condition did not hold, and the item as it stood."""

    command: Command
    was: Item | None


class Due(NamedTuple):
    """An item of the index of due work: where it stands, and since when it waits."""

    key: Key
    at: str


class WriteConflict(Exception):
    """Nothing was written, for these commands' conditions did not hold."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(f"{len(failures)} condition(s) did not hold")
        self.failures = tuple(failures)


class Tables:
    """Both tables behind one client. `names` maps `core` and `usage` to what they are called in this stage."""

    def __init__(
        self,
        client: Any,
        names: Mapping[TableName, str],
        *,
        interceptor: Interceptor = passthrough,
        bill: Bill | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._names = names
        self._tables = {name: table for table, name in names.items()}
        self._sender = Sender(client, interceptor, pause=pause)
        self.bill = bill or Bill()

    def backoff(self) -> Callable[[], None]:
        """What waits between tries of something that others keep changing, until it raises Unavailable."""
        return self._sender.backoff()

    def get(self, key: Key) -> Item | None:
        """The item, strongly consistent."""
        answer = self._sender.send("get_item", TableName=self._names[key.table], Key=wire_key(key), ConsistentRead=True)
        item = from_wire(answer["Item"]) if "Item" in answer else None
        size = item_size(item or {})
        self.bill.add("get", read=read_units(size, consistent=True), size=size)
        return item

    def get_many(self, keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
        """The items that are there; one round trip for each 100 keys. At half the price, they may lag behind."""
        wanted = list(dict.fromkeys(keys))
        found: dict[Key, Item] = {}
        for start in range(0, len(wanted), MAX_KEYS):
            found |= self._get_batch(wanted[start : start + MAX_KEYS], consistent=consistent)
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
        """The items of a partition with `start` <= sk <= `end`, in order or the other way round, page by page."""
        condition = KeyCondition("pk").eq(pk) & KeyCondition("sk").between(start, end)
        return self._pages(table, condition, limit=limit, consistent=consistent, ScanIndexForward=not newest_first)

    def numbered(self, key_of: Callable[[int], Key], *, newest: int, limit: int, after: int = 0) -> list[Item]:
        """Of items that are numbered without a gap up to `limit`, from the `newest` down, none up to `after`.

        At half the price. Where a lagging reader misses one they are all read again in full; a change of a moment ago
        may still be missing from an item.
        """
        oldest = max(after + 1, newest - limit + 1)
        if newest < oldest:
            return []
        first, last = key_of(oldest), key_of(newest)
        where: dict[str, Any] = {"start": first.sk, "end": last.sk, "newest_first": True}
        found = list(self.query(first.table, first.pk, **where, consistent=False))
        return found if len(found) == newest - oldest + 1 else list(self.query(first.table, first.pk, **where))

    def work(
        self, partition: str, *, until: str = LAST, limit: int | None = None, newest_first: bool = False
    ) -> Iterator[Due]:
        """What is due by `until` in a partition of the index, in order. It may lag: read each item by its key."""
        condition = KeyCondition("work").eq(partition) & KeyCondition("due").lte(until)
        rows = self._pages(
            "core", condition, limit=limit, IndexName=WORK_INDEX, consistent=False, ScanIndexForward=not newest_first
        )
        return (Due(Key("core", row["pk"], row["sk"]), row["due"]) for row in rows)

    def _pages(
        self, table: TableName, condition: ConditionBase, *, limit: int | None, consistent: bool, **how: Any
    ) -> Iterator[Item]:
        built = ConditionExpressionBuilder().build_expression(condition, is_key_condition=True)
        request: dict[str, Any] = {
            "TableName": self._names[table],
            "KeyConditionExpression": built.condition_expression,
            "ExpressionAttributeNames": built.attribute_name_placeholders,
            "ExpressionAttributeValues": to_wire(built.attribute_value_placeholders),
            "ConsistentRead": consistent,
            **how,
        }
        left = limit
        while left is None or left > 0:
            if left is not None:
                request["Limit"] = left
            answer = self._sender.send("query", **request)
            items = [from_wire(item) for item in answer["Items"]]
            size = sum(map(item_size, items))
            self.bill.add("query", read=read_units(size, consistent=consistent), size=size)
            yield from items
            if left is not None:
                left -= len(items)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(self, command: Put | Update | Delete) -> None:
        """One command by itself, at half the price of a transaction; not for additions, which a repeat would double."""
        if isinstance(command, Update) and command.add:
            raise ValueError("an addition belongs into a transaction")
        action, request = request_of(command, self._names)
        operation = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}[action]
        try:
            self._sender.send(operation, **request)
        except ConditionFailed as error:
            if isinstance(command, Put) and error.items[0] == _whole(command):
                return  # our own write, whose answer was lost
            if isinstance(command, Delete) and error.was_lost_before and error.items[0] is None:
                return  # our own deletion, likewise
            self._refuse([Failure(command, error.items[0])])
        finally:
            self.bill.add(action.lower(), write=self._cost(command) + index_units(command))

    def transact(self, commands: Sequence[Command]) -> None:
        """All of the commands or none. Those on one item are joined; then there may be at most 100."""
        commands = merge_commands(commands)
        actions = [request_of(command, self._names) for command in commands]
        request = {
            "TransactItems": [{action: parameters} for action, parameters in actions],
            "ClientRequestToken": str(uuid.uuid4()),
        }
        try:
            self._sender.send("transact_write_items", **request)
        except ConditionFailed as error:
            self._refuse([Failure(commands[index], was) for index, was in error.items.items()])
        finally:
            self.bill.add("transact", write=sum(2 * self._cost(command) + index_units(command) for command in commands))

    def _get_batch(self, keys: list[Key], *, consistent: bool) -> dict[Key, Item]:
        request: dict[str, Any] = {}
        for key in keys:
            table = request.setdefault(self._names[key.table], {"Keys": [], "ConsistentRead": consistent})
            table["Keys"].append(wire_key(key))
        found: dict[Key, Item] = {}
        backoff = self._sender.backoff()
        asked = len(keys)
        while request:
            answer = self._sender.send("batch_get_item", RequestItems=request)
            responses: dict[str, list[Item]] = answer["Responses"]
            items = [(self._tables[name], from_wire(row)) for name, rows in responses.items() for row in rows]
            found |= {Key(table, item["pk"], item["sk"]): item for table, item in items}
            request = answer.get("UnprocessedKeys") or {}
            left = sum(len(table["Keys"]) for table in request.values())
            missing, asked = asked - left - len(items), left
            sizes = [item_size(item) for _, item in items]
            absent = missing * read_units(0, consistent=consistent)
            units = absent + sum(read_units(size, consistent=consistent) for size in sizes)
            self.bill.add("get_many", read=units, size=sum(sizes))
            if request:
                backoff()
        return found

    def _refuse(self, failures: list[Failure]) -> None:
        named = next((failure.command.refusal for failure in failures if failure.command.refusal), None)
        if named is not None:
            raise named
        raise WriteConflict(failures)

    def _cost(self, command: Command) -> int:
        match command:
            case Put():
                return write_units(item_size(_whole(command)))
            case Update():
                if self.bill.sizes is not None:
                    return write_units(self.bill.sizes(command.key))
                return write_units(item_size({**command.set, **command.first, **command.add}))
            case Delete() | Check():
                return write_units(self.bill.sizes(command.key) if self.bill.sizes is not None else 0)


def _whole(command: Put) -> Item:
    item = {name: value for name, value in command.item.items() if value is not None}
    return {"pk": command.key.pk, "sk": command.key.sk, **item}
