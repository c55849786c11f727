"""Moved time: from one due instant to the next, with the job that takes up what is due called at each.

A schedule's calls that no job would find work for are left out, so that an idle year costs one look at the index.
What a call only put on a queue is waited for before time goes on.
What a call leaves where it was is called for again, each time after twice the pause, so that nothing loops for ever.
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

FURTHEST = timedelta(days=36525)


@dataclass(frozen=True, slots=True)
class Call:
    """A job called at the instant at which its schedule would have called it, and what it answered."""

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
    """Each call as it was made, until it is `to`. `move` sets the clock that `ctx` reads, `call` calls a job by name.

    `settle` gets a job's name and asks how many of its tasks are left until there are none, or raises.
    Invalid for an instant that is past or over 100 years ahead.
    """
    now = ctx.clock.now()
    if to < now:
        raise Invalid(f"It is {stamp(now)}: the clock only moves forward, so that nothing stored is ever yet to come")
    if to - now > FURTHEST:
        raise Invalid("The clock moves by 100 years at most")
    agendas = [_Agenda(job, now) for job in jobs]
    while upcoming := [(at, agenda) for agenda in agendas if (at := agenda.next_call(ctx.tables, until=to))]:
        at, agenda = min(upcoming, key=lambda row: row[0])
        _reach(ctx, at, move)
        handed_on = _due(ctx, agenda.job.partitions()) if agenda.job.queued else {}
        answer = call(agenda.job.name)
        if handed_on:
            settle(agenda.job.name, partial(_left_of, ctx, handed_on))
        agenda.note_call(at)
        yield Call(agenda.job.name, at, answer)
    _reach(ctx, to, move)


@dataclass(slots=True)
class _Agenda:
    """What one job has yet to do, not before `since`. A row that a call left waits `_again`, ever longer."""

    job: Job
    since: datetime
    _first: list[Due] = field(default_factory=list)
    _again: dict[Due, tuple[datetime, timedelta]] = field(default_factory=dict)

    def next_call(self, tables: Tables, *, until: datetime) -> datetime | None:
        """When the schedule will next find work, if that is by `until`; judged by the first row of each partition."""
        end = stamp(until)
        self._first = [row for place in self.job.partitions() for row in tables.work(place, until=end, limit=1)]
        at = min(map(self._call_for, self._first), default=None)
        return at if at is None or at <= until else None

    def note_call(self, at: datetime) -> None:
        for row in self._first:
            if self._call_for(row) <= at:
                _, pause = self._again.get(row, (at, self.job.every))
                self._again[row] = (at + pause, 2 * pause)
        self.since = at + self.job.every

    def _call_for(self, row: Due) -> datetime:
        again, _ = self._again.get(row, (self.since, self.job.every))
        return self.job.call_for(max(parse_instant(row.at), self.since, again))


def _due(ctx: Context, partitions: Iterable[str]) -> dict[str, set[Due]]:
    """What a call of the job finds now, by partition; those with nothing due are left out."""
    now = stamp(ctx.clock.now())
    return {place: rows for place in partitions if (rows := set(ctx.tables.work(place, until=now)))}


def _left_of(ctx: Context, handed_on: Mapping[str, set[Due]]) -> int:
    """How many of them are still due as they were."""
    now = _due(ctx, handed_on)
    return sum(len(rows & now.get(place, set())) for place, rows in handed_on.items())


def _reach(ctx: Context, instant: datetime, move: Callable[[datetime], None]) -> None:
    """Time goes by while jobs run: a clock that is there already is left alone."""
    if ctx.clock.now() < instant:
        move(instant)
