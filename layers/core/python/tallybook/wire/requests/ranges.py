"""A time range in the query string: optional `start` and `end`, RFC 3339. Source: ScaleBox billing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from tallybook.domain.errors import Invalid
from tallybook.domain.times import parse_instant


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Each end as sent; None if omitted."""

    start: datetime | None
    end: datetime | None


async def _read(request: Request) -> TimeRange:
    return TimeRange(start=_instant(request, "start"), end=_instant(request, "end"))


SentRange = Annotated[TimeRange, Depends(_read)]


def _instant(request: Request, field: str) -> datetime | None:
    text = request.query_params.get(field)
    try:
        return parse_instant(text) if text else None
    except ValueError as error:
        message = f"{field} must be an RFC 3339 time with an offset, like 2026-04-01T00:00:00Z"
        if text and _was_plus(text):
            message += "; in a URL, + means a space: write the + of an offset as %2B"
        raise Invalid(message, code="invalid_date_range", field=field) from error


def _was_plus(text: str) -> bool:
    """Whether it is a time whose last space stands for the + of its offset."""
    time, _, offset = text.rpartition(" ")
    try:
        parse_instant(f"{time}+{offset}")
    except ValueError:
        return False
    return True
