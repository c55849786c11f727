"""Move the clock ahead from one due instant to the next, and call the job whose work is due there.

Scheduled calls that would find no work are skipped, so that an idle year costs one query of each partition. The clock
waits until the queue's tasks are done. If a call leaves work undone, the job is called again after a pause that doubles
each time, so that the loop ends.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tallybook.domain.errors import Invalid
from tallybook.domain.jobs import JOBS, Job
from tallybook.domain.times import parse_instant, stamp
from tallybook.services.context import Context
from tallybook.store.table import Due, Tables

MAX_ADVANCE = timedelta(days=36525)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a job at its scheduled instant, with its answer."""

    job: str
    at: datetime
    answer: Mapping[str, Any]


def advance_clock(
    ctx: Context,
    to: datetime,
    *,
    move: Callable[[datetime], None],
    call: Callable[[str], Mapping[str, Any]],
    settle: Callable[[str, Callable[[], int]], None],
    jobs: Sequence[Job] = JOBS,
) -> Iterator[Call]:
    """Yield each call when it has returned, until the clock reads `to`.

    `move` sets the clock that `ctx` reads; `call` calls a job by name and returns its answer; `settle` gets a job's
    name and a function that counts its tasks left, and returns when there are none or raises.
    Invalid for an instant in the past or over 100 years ahead.
    """
    now = ctx.clock.now()
    if to < now:
        raise Invalid(f"It is {stamp(now)}: the clock only moves forward, so that nothing stored lies in the future")
    if to - now > MAX_ADVANCE:
        raise Invalid("The clock moves by 100 years at most")
    agendas = [_Agenda(job, now) for job in jobs]
    while upcoming := [(at, agenda) for agenda in agendas if (at := agenda.next_call(ctx.tables, until=to))]:
        at, agenda = min(upcoming, key=lambda row: row[0])
        _move_to(ctx, at, move)
        enqueued = _due(ctx, agenda.job.partitions()) if agenda.job.queued else {}
        answer = call(agenda.job.name)
        if enqueued:
            settle(agenda.job.name, partial(_count_left, ctx, enqueued))
        agenda.note_call(at)
        yield Call(agenda.job.name, at, answer)
    _move_to(ctx, to, move)


@dataclass(slots=True)
class _Agenda:
    """Decides when one job is called next, at the earliest at `since`.

    `_retries` has the rows that a call left undone: when to call the job for them again, and the pause after that.
    """

    job: Job
    since: datetime
    _first: list[Due] = field(default_factory=list)
    _retries: dict[Due, tuple[datetime, timedelta]] = field(default_factory=dict)

    def next_call(self, tables: Tables, *, until: datetime) -> datetime | None:
        """The next scheduled call that finds work, if by `until`; the first row of each partition decides."""
        end = stamp(until)
        self._first = [
            row for partition in self.job.partitions() for row in tables.query_due(partition, until=end, limit=1)
        ]
        at = min(map(self._call_for, self._first), default=None)
        return at if at is None or at <= until else None

    def note_call(self, at: datetime) -> None:
        for row in self._first:
            if self._call_for(row) <= at:
                _, pause = self._retries.get(row, (at, self.job.every))
                self._retries[row] = (at + pause, 2 * pause)
        self.since = at + self.job.every

    def _call_for(self, row: Due) -> datetime:
        retry_at, _ = self._retries.get(row, (self.since, self.job.every))
        return self.job.call_for(max(parse_instant(row.at), self.since, retry_at))


def _due(ctx: Context, partitions: Iterable[str]) -> dict[str, set[Due]]:
    """The rows that a call of the job finds now, by partition; without partitions in which nothing is due."""
    now = stamp(ctx.clock.now())
    return {partition: rows for partition in partitions if (rows := set(ctx.tables.query_due(partition, until=now)))}


def _count_left(ctx: Context, rows: Mapping[str, set[Due]]) -> int:
    """How many of the rows are still due."""
    due = _due(ctx, rows)
    return sum(len(before & due.get(partition, set())) for partition, before in rows.items())


def _move_to(ctx: Context, instant: datetime, move: Callable[[datetime], None]) -> None:
    """Time passes while jobs run, so the clock may be past the instant already; then it stays."""
    if ctx.clock.now() < instant:
        move(instant)
