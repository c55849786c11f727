"""Deliver all outbox items that are due: those of the fast lane first, and again after each few of the slow lane."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice

from tallybook.domain.errors import Unavailable
from tallybook.domain.jobs import partitions
from tallybook.domain.outbox import Lane
from tallybook.domain.times import stamp
from tallybook.services.context import Context
from tallybook.services.outbox.backlog import Backlog
from tallybook.services.outbox.deliver import Channels, Outcome, deliver_or_leave
from tallybook.store.keys import Key
from tallybook.store.outbox import WAITING
from tallybook.store.table import Due

ROUND = 20
"""After this many items of the slow lane, the fast lane is looked at again, for as many: 4 queries."""

FAST_SHARE = 0.75
"""The part of the time after which the slow lane begins, so that mails to an SES that hangs do not keep events back."""


def sweep(ctx: Context, channels: Channels, *, deadline: float, backlog: Backlog | None = None) -> Counter[Outcome]:
    """Deliver all due items, until `ctx.elapsed` reaches the deadline or the tables are unavailable.

    The next sweep delivers what is `left` then. `backlog` gets what could not be delivered.
    """
    one = _Sweep(ctx, channels, deadline, Backlog() if backlog is None else backlog)
    one.run()
    return +one.outcomes  # without those that are 0


class _Sweep:
    def __init__(self, ctx: Context, channels: Channels, deadline: float, backlog: Backlog) -> None:
        self._ctx = ctx
        self._channels = channels
        self._deadline = deadline
        self._backlog = backlog
        self._began: float | None = None
        self._began_at = stamp(ctx.clock.now())
        self._tried: set[Key] = set()
        self.outcomes: Counter[Outcome] = Counter()

    def run(self) -> None:
        try:
            for row in self._all_due("fast"):
                if not self._deliver(row, share=FAST_SHARE):
                    break
            self._run_slow_lane()
        except Unavailable:
            self.outcomes["left"] += 1

    def _run_slow_lane(self) -> None:
        for number, row in enumerate(self._all_due("slow"), 1):
            if not self._deliver(row):
                return
            if number % ROUND == 0 and not self._deliver_new_mail():
                return

    def _deliver_new_mail(self) -> bool:
        """Deliver what became due in the fast lane, but no more than a round, until one fails; False if there is no
        time left.
        """
        for row in islice(self._newly_due("fast"), ROUND):
            before = self.outcomes["postponed"]
            if not self._deliver(row):
                return False
            if self.outcomes["postponed"] > before:
                break
        return True

    def _deliver(self, row: Due, *, share: float = 1.0) -> bool:
        """False if there is no time left for it, of this share of the sweep's time."""
        elapsed = self._ctx.elapsed()
        if self._began is None:
            self._began = elapsed
        if elapsed >= self._began + share * (self._deadline - self._began):
            self.outcomes["left"] += 1
            self._backlog.note_left(row)
            return False
        self._tried.add(row.key)
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
        """The rows that became due in this sweep, and that it has not tried: one that can't be read stays due.

        What was due before has had its share of the time.
        """
        for partition in _shuffled(lane):
            now = stamp(self._ctx.clock.now())
            rows = self._ctx.tables.query_due(partition, since=self._began_at, until=now)
            yield from (row for row in rows if row.key not in self._tried)


def _shuffled(lane: Lane) -> list[str]:
    """The partitions of the lane, so that none is always the last."""
    found = partitions(WAITING[lane])
    return random.sample(found, len(found))
