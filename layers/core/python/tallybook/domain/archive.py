"""The archive of the tables: which export comes next. Each one continues where the one before ended.

The first export has all items; each later one has the changes of at most a day, from one midnight in UTC to the next.
Source: DynamoDB, "DynamoDB data export to Amazon S3": a window has 15 minutes to 24 hours, within the 35 days that can
be restored; the last 5 minutes may be missing.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)
SHORTEST = timedelta(minutes=15)
SETTLED = timedelta(minutes=10)
"""This long after a window ends, all its changes can be exported."""

RESTORABLE = timedelta(days=34)
"""Changes that are older may be gone; then all items are exported again."""


class Export(NamedTuple):
    """The changes from `start` until before `end`; without `start`, all items at the time of the export."""

    start: datetime | None
    end: datetime | None


class Archive(NamedTuple):
    """How far a table is archived.

    `until`: all changes before it are; None before the first export. `export` runs as `arn`; its end is known then.
    `tries`: how many exports after `until` failed.
    """

    until: datetime | None = None
    export: Export | None = None
    arn: str | None = None
    tries: int = 0


def next_export(archive: Archive, now: datetime) -> Export | None:
    """None if an export runs, or if the next window has not ended."""
    if archive.export:
        return None
    start = archive.until
    if start is None or now - start > RESTORABLE:
        return Export(None, None)
    end = _midnight_after(start)
    if end - start < SHORTEST:
        end = start + timedelta(hours=1)
    return Export(start, end) if now >= end + SETTLED else None


def completed(archive: Archive) -> Archive:
    return Archive(until=archive.export.end if archive.export else archive.until)


def failed(archive: Archive) -> Archive:
    """The same window is exported again."""
    return Archive(until=archive.until, tries=archive.tries + 1)


def _midnight_after(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
