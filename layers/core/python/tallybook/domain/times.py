"""Instants are aware UTC datetimes in whole milliseconds; stored and presented as RFC 3339 text with `Z`."""

import re
from datetime import UTC, date, datetime, timedelta

from tallybook.domain.money import ceil_div

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RFC3339 = r"\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def stamp(instant: datetime) -> str:
    """2026-01-14T18:22:09.114Z: of fixed width, so that the order of texts is that of the instants."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def parse_instant(text: str) -> datetime:
    """Parse RFC 3339 with an offset; ValueError for anything else, including bare dates and local times."""
    if not re.fullmatch(_RFC3339, text):
        raise ValueError("not an RFC 3339 time with an offset")
    try:
        return datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


def readable(instant: datetime) -> str:
    """27 April 2026, 12:34 UTC: for mails."""
    utc = instant.astimezone(UTC)
    return f"{readable_day(utc.date())}, {utc:%H:%M} UTC"


def readable_day(day: date) -> str:
    """27 April 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def stamp_or_none(instant: datetime | None) -> str | None:
    return None if instant is None else stamp(instant)


def instant_or_none(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def day_of(instant: datetime) -> str:
    """The UTC day of the instant, as 2026-01-14."""
    return instant.astimezone(UTC).date().isoformat()


def whole_seconds(duration: timedelta) -> int:
    """Rounded up, so that a client that waits this long is not early."""
    return ceil_div(duration, by=timedelta(seconds=1))
