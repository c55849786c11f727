"""The formats of stored data: which ones this code reads and writes, and what a release may be deployed on.

A format is the shape of all stored items, as a whole number. Format 1 is what the first release stored. The item
`format` in the table `core` names the formats that stored items may have. Source: docs/releases.md, "Formats".
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from tallybook.domain.errors import Conflict


class Release(NamedTuple):
    """The formats that a release's code can read, ascending, and the one that it writes."""

    reads: tuple[int, ...]
    writes: int


THIS = Release(reads=(1, 2), writes=2)
"""This code."""

UNRECORDED = (1, 2)
"""What data without the item `format` may have: the releases before the item wrote these."""


SETTLED = timedelta(minutes=3)
"""After this time no call of the former release runs any more, because no function runs longer than two minutes."""


class Formats(NamedTuple):
    """The formats that stored items may have, ascending.

    `writes` is the format that the deployed functions write, `since` when that was first seen; None if it is unknown.
    """

    stored: tuple[int, ...]
    writes: int | None = None
    since: datetime | None = None


class FormatRefused(Conflict):
    """The code and the stored data don't fit together. The message names both and says what to do."""

    code = "format_refused"


def check_readable(formats: Formats, code: Release = THIS) -> None:
    """FormatRefused if the data may have a format that the code can't read."""
    unread = [number for number in formats.stored if number not in code.reads]
    if not unread:
        return
    if unread[-1] > code.reads[-1]:
        remedy = f"Use the release that wrote {_named(unread)}, or a later one"
    else:
        remedy = f"First let tallybook migrate of a release that reads {_named(unread)} convert it"
    raise FormatRefused(f"The data has {_named(formats.stored)}, and this code reads {_named(code.reads)}. {remedy}")


def check_writable(formats: Formats, code: Release = THIS) -> None:
    """FormatRefused if the code can't read the data, or writes a format that no deployed release announced."""
    check_readable(formats, code)
    if code.writes not in formats.stored:
        raise FormatRefused(
            f"The data has {_named(formats.stored)}, and this code writes format {code.writes}: deploy it before you "
            "use its commands"
        )


def before_deployment(formats: Formats, code: Release = THIS, *, deployed: Release | None, now: datetime) -> Formats:
    """What the item says from before the code is deployed: its format is among those that items may have.

    `deployed` is the release that runs now; None if there is none, or if it does not say what it reads. Until it is the
    code itself, it is unknown what the functions write. FormatRefused if the code can't read the data, or if the
    deployed release can't read what the code writes: both run at once during a deployment, and the deployed one again
    after a rollback.
    """
    check_readable(formats, code)
    if deployed and code.writes not in deployed.reads:
        raise FormatRefused(
            f"This code writes format {code.writes}, and the deployed release reads {_named(deployed.reads)}: first "
            f"deploy a release that reads format {code.writes} and still writes format {deployed.writes}"
        )
    writes = deployed.writes if deployed and deployed.writes == code.writes else None
    since = formats.since if writes == formats.writes else now
    return Formats(tuple(sorted({*formats.stored, code.writes})), writes, since if writes else None)


def check_migratable(formats: Formats, code: Release = THIS, *, now: datetime, settled: timedelta = SETTLED) -> None:
    """FormatRefused unless all functions write the code's format, so that no item of another format is added."""
    check_readable(formats, code)
    if formats.writes != code.writes or formats.since is None:
        written = f"format {formats.writes}" if formats.writes else "a format that is not recorded"
        raise FormatRefused(
            f"The deployed release writes {written}, and this code converts to format {code.writes}: deploy it first"
        )
    if now < formats.since + settled:
        raise FormatRefused(
            f"Calls of the release before may still run: try again in {settled.total_seconds() // 60:.0f} minutes"
        )


def after_migration(formats: Formats, code: Release = THIS) -> Formats:
    """Only the code's format is left."""
    return formats._replace(stored=(code.writes,))


def _named(numbers: Iterable[int]) -> str:
    """`format 1`, `formats 1, 2 and 3`"""
    *first, last = map(str, numbers)
    return f"formats {', '.join(first)} and {last}" if first else f"format {last}"
