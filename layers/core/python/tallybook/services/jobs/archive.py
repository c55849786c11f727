"""Archive a table: start the export that comes next, and note how far the finished ones have come.

A call does one step. It may be repeated or run twice at once: both start the same export, because its token is derived
from what it has, and one of them notes it.
"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol

from tallybook.domain.archive import Archive, Export, completed, failed, next_export
from tallybook.domain.ids import derived_id
from tallybook.domain.times import day_of, stamp_or_none
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.archives import read_archive, set_archive
from tallybook.store.conflicts import WriteConflict

type Step = Literal["started", "running", "waiting"]


class _Started(Protocol):
    @property
    def arn(self) -> str: ...

    @property
    def at(self) -> datetime: ...


class Exporter(Protocol):
    def start(
        self, name: str, *, start: datetime | None, end: datetime | None, now: datetime, token: str
    ) -> _Started: ...

    def status(self, arn: str) -> Literal["running", "done", "failed"]: ...


class Progress(NamedTuple):
    """`failed`: an export of these changes failed, and the one that is made in its place is not done yet."""

    step: Step
    until: datetime | None
    failed: bool = False


def archive_table(ctx: Context, exporter: Exporter, name: str, table: str) -> Progress:
    """One step for the table `name` (`core` or `usage`), whose name in AWS is `table`."""
    before = read_archive(ctx.tables.get(keys.archive(table)))
    archive, has_failed = before, False
    if before.arn:
        status = exporter.status(before.arn)
        if status == "running":
            return Progress("running", before.until, failed=before.tries > 0)
        has_failed = status == "failed"
        archive = failed(before) if has_failed else completed(before)
    now = ctx.clock.now()
    wanted = next_export(archive, now)
    after = _start(exporter, name, table, archive, wanted, now=now) if wanted else archive
    if after != before:
        try:
            ctx.tables.write(set_archive(table, before, after))
        except WriteConflict:
            return Progress("running", before.until)  # another call noted the same step
    return Progress("started" if wanted else "waiting", after.until, has_failed)


def _start(exporter: Exporter, name: str, table: str, archive: Archive, wanted: Export, *, now: datetime) -> Archive:
    instants = [stamp_or_none(instant) or "" for instant in (archive.until, *wanted)]
    folder = () if wanted.start else (day_of(now),)  # AWS refuses a token that is used again with another folder
    token = derived_id("export", table, *instants, str(archive.tries), *folder)
    started = exporter.start(name, start=wanted.start, end=wanted.end, now=now, token=token)
    end = wanted.end or started.at.astimezone(UTC).replace(microsecond=0)
    return Archive(archive.until, Export(wanted.start, end), started.arn, archive.tries)
