"""What a sweep could not deliver: how many items failed, and the age of the oldest.

The index has no ages, so at most 100 of these items are read, spread over their due instants. The figures are never too
high: of each partition, at most 1,000 rows of the future are counted.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from tallybook.domain.errors import Unavailable
from tallybook.domain.outbox import LEASE
from tallybook.domain.times import parse_instant, stamp
from tallybook.services.context import Context
from tallybook.store.keys import Key
from tallybook.store.table import MAX_KEYS, Due

MOST_COUNTED = 1_000


class Backlog:
    """The items of one sweep: `failed` are waiting again after an attempt, `left` were not tried or can't be read."""

    def __init__(self) -> None:
        self._failed: dict[Key, str] = {}
        self._left: list[str] = []

    @property
    def postponed(self) -> int:
        """The number of waiting items that failed at least once."""
        return len(self._failed)

    def note_failed(self, row: Due) -> None:
        self._failed.setdefault(row.key, row.at)

    def note_left(self, row: Due) -> None:
        self._left.append(row.at)

    def note_future(self, rows: Iterator[Due], *, now: datetime) -> None:
        """Rows that are not due. One due within a lease may be a delivery in progress, so it is not counted."""
        lease_end = stamp(now + LEASE)
        for _, row in zip(range(MOST_COUNTED), rows, strict=False):
            if row.at > lease_end:
                self.note_failed(row)

    def oldest_seconds(self, ctx: Context) -> int:
        """The age of the oldest item; 0 if the sweep delivered all that was due. Reads the items of a sample."""
        now = ctx.clock.now()
        created = [at for text in (*self._left, *self._creation_of_failed(ctx)) if (at := _instant(text))]
        return max(0, int((now - min(created, default=now)).total_seconds()))

    def _creation_of_failed(self, ctx: Context) -> list[object]:
        by_due = sorted(self._failed, key=lambda key: self._failed[key])
        step = -(-len(by_due) // MAX_KEYS) or 1
        with suppress(Unavailable):
            items = ctx.tables.get_many(by_due[::-step], consistent=False)
            return [item.get("created_at") for item in items.values() if item.get("state") == "waiting"]
        return []


def _instant(text: object) -> datetime | None:
    """None if it is none, so that an item that can't be read does not hide the age of the others."""
    with suppress(ValueError, TypeError):
        return parse_instant(str(text))
    return None
