"""What calls to DynamoDB cost by AWS's published rules, computed from the sizes of items, for tests and the bench.

A strongly consistent read costs 1 unit for each started 4 KB, an eventually consistent read half of that. A write costs
1 unit for each started 1 KB of the larger of the item before and after it. In a transaction both cost double. The
entries of an index cost extra. The costs are computed because emulators report wrong ones.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

from tallybook.store.commands import Check, Command, Delete, Item, Put, Update, whole_item
from tallybook.store.keys import Key

READ_UNIT = 4096
WRITE_UNIT = 1024


@dataclass(slots=True)
class CapacityMeter:
    """An observer of `Tables` that sums up round trips, read and write units, and the bytes of items read.

    `sizes` gives the true size of an item after a write. Without it an update counts only the attributes that it
    writes, which is a lower bound.
    """

    calls: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    bytes_read: int = 0
    operations: list[str] = field(default_factory=list)
    sizes: Callable[[Key], int] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def items_read(self, operation: str, items: Sequence[Item], *, missing: int, consistent: bool) -> None:
        sizes = [item_size(item) for item in items] + [0] * missing
        self._add(operation, read=sum(read_units(size, consistent=consistent) for size in sizes), size=sum(sizes))

    def page_read(self, items: Sequence[Item], *, consistent: bool) -> None:
        size = sum(map(item_size, items))
        self._add("query", read=read_units(size, consistent=consistent), size=size)

    def written(self, operation: str, commands: Sequence[Command]) -> None:
        factor = 2 if operation == "transact" else 1
        self._add(operation, write=sum(factor * self._units(command) + index_units(command) for command in commands))

    def clear(self) -> None:
        with self._lock:
            self.calls, self.read_units, self.write_units, self.bytes_read = 0, 0.0, 0.0, 0
            self.operations.clear()

    def _add(self, operation: str, *, read: float = 0.0, write: float = 0.0, size: int = 0) -> None:
        with self._lock:
            self.calls += 1
            self.read_units += read
            self.write_units += write
            self.bytes_read += size
            self.operations.append(operation)

    def _units(self, command: Command) -> int:
        match command:
            case Put():
                return write_units(item_size(whole_item(command)))
            case Update() if self.sizes is None:
                return write_units(item_size({**command.set, **command.first, **command.add}))
            case Update() | Delete() | Check():
                return write_units(self.sizes(command.key) if self.sizes else 0)


def read_units(size: int, *, consistent: bool) -> float:
    return max(1, ceil(size / READ_UNIT)) * (1.0 if consistent else 0.5)


def write_units(size: int) -> int:
    return max(1, ceil(size / WRITE_UNIT))


def index_units(command: Command) -> int:
    """Units for adding, deleting or replacing an entry of the index `work`; not doubled in a transaction."""
    match command:
        case Put():
            return 1 if "work" in command.item else 0
        case Update() if "work" in command.remove:
            return 1
        case Update() if "work" in command.set or "due" in command.set:
            return 2
    return 0


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes of an item: its attributes' names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Any) -> int:
    match value:
        case None | bool():
            return 1
        case str():
            return len(value.encode())
        case int() | Decimal() | float():
            sign, digits, _ = Decimal(str(value)).as_tuple()
            significant = "".join(map(str, digits)).strip("0")
            return max(1, ceil(len(significant) / 2)) + 1 + sign
        case Mapping():
            return 3 + sum(1 + len(str(name).encode()) + _value_size(part) for name, part in value.items())
        case list() | tuple() | set() | frozenset():
            return 3 + sum(1 + _value_size(part) for part in value)
        case _:
            return len(bytes(value))
