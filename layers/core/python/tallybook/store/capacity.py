"""What a call costs, by AWS's published rules, from the sizes of items.

A strongly consistent read costs 1 unit for each started 4 KB, an eventually consistent one half of that; a write costs
1 unit for each started 1 KB of the larger of the item before and after; in a transaction both count twice. Each write
of an item that stands in an index costs the index's entry as well. Emulators get these wrong, so they are computed
here for tests, the bench and the metrics. For an update the size afterwards is not known without reading the item:
`sizes` (set by tests and the bench) tells it, otherwise the written attributes are taken, which is a lower bound.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

from tallybook.store.keys import Key

READ_UNIT = 4096
WRITE_UNIT = 1024
_REMEMBERED = 10_000


@dataclass(slots=True)
class Bill:
    """A running sum over calls: round trips, read and write units, and the bytes of items read."""

    calls: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    bytes_read: int = 0
    operations: list[str] = field(default_factory=list)
    sizes: Callable[[Key], int] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, operation: str, *, read: float = 0.0, write: float = 0.0, size: int = 0) -> None:
        with self._lock:
            self.calls += 1
            self.read_units += read
            self.write_units += write
            self.bytes_read += size
            if len(self.operations) < _REMEMBERED:  # a process of production lives for hours
                self.operations.append(operation)

    def clear(self) -> None:
        with self._lock:
            self.calls, self.read_units, self.write_units, self.bytes_read = 0, 0.0, 0.0, 0
            self.operations.clear()


def read_units(size: int, *, consistent: bool) -> float:
    return max(1, ceil(size / READ_UNIT)) * (1.0 if consistent else 0.5)


def write_units(size: int) -> int:
    return max(1, ceil(size / WRITE_UNIT))


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
