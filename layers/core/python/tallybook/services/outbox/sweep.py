"""Deliver all outbox items that are due: those of the fast lane first, and again after each few of the slow lane."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from tallybook.domain.errors import Unavailable
from tallybook.domain.jobs import partitions
from tallybook.domain.outbox import Lane
from tallybook.domain.times import stamp
from tallybook.services.context import Context
from tallybook.services.outbox.backlog import Backlog
from tallybook.services.outbox.deliver import Channels, Outcome, deliver_or_leave
from tallybook.store.outbox import WAITING
from tallybook.store.table import Due

ROUND = 20
"""After this many items of the slow lane, the fast lane is looked at again: 4 queries."""


def sweep(ctx: Context, channels: Channels, *, deadline: float, backlog: Backlog | None = None) -> Counter[Outcome]:
    """Deliver all due items, until `ctx.elapsed` reaches the deadline or the tables are unavailable.

    The next sweep delivers what is `left` then. `backlog` gets what could not be delivered.
    """
    one = _Sweep(ctx, channels, deadline, Backlog() if backlog is None else backlog)
    one.run()
    return one.outcomes


class _Sweep:
    def __init__(self, ctx: Context, channels: Channels, deadline: float, backlog: Backlog) -> None:
        self._ctx = ctx
        self._channels = channels
        self._deadline = deadline
        self._backlog = backlog
        self.outcomes: Counter[Outcome] = Counter()

    def run(self) -> None:
        try:
            if all(map(self._deliver, self._all_due("fast"))):
                self._run_slow_lane()
        except Unavailable:
            self.outcomes["left"] += 1

    def _run_slow_lane(self) -> None:
        for number, row in enumerate(self._all_due("slow"), 1):
            if not self._deliver(row):
                return
            if number % ROUND == 0 and not all(map(self._deliver, self._newly_due("fast"))):
                return

    def _deliver(self, row: Due) -> bool:
        """False if there is no time left for it."""
        if self._ctx.elapsed() >= self._deadline:
            self.outcomes["left"] += 1
            self._backlog.note_left(row)
            return False
        try:
            outcome = deliver_or_leave(self._ctx, self._channels, row.key.pk.partition("#")[2])
        except Unavailable:
            self._backlog.note_left(row)
            raise
        self.outcomes[outcome] += 1
        if outcome == "postponed":
            self._backlog.note_failed(row)
        elif outcome == "left":
            self._backlog.note_left(row)
        return True

    def _all_due(self, lane: Lane) -> Iterator[Due]:
        """The due rows of the lane. The same queries count those of the future."""
        for partition in _shuffled(lane):
            rows = self._ctx.tables.query_due(partition)
            for row in rows:
                now = self._ctx.clock.now()
                if row.at > stamp(now):
                    self._backlog.note_future(chain([row], rows), now=now)
                    break
                yield row

    def _newly_due(self, lane: Lane) -> Iterator[Due]:
        for partition in _shuffled(lane):
            yield from self._ctx.tables.query_due(partition, until=stamp(self._ctx.clock.now()))


def _shuffled(lane: Lane) -> list[str]:
    """The partitions of the lane, so that none is always the last."""
    found = partitions(WAITING[lane])
    return random.sample(found, len(found))
