"""Options and arguments that several commands share."""

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import typer

from tallybook.cli.setting_text import clean
from tallybook.domain.errors import Invalid
from tallybook.domain.percentages import parse_percent
from tallybook.domain.times import parse_instant
from tallybook.wire.requests.cloudevents import check_label, check_source

_DURATION = re.compile(r"([1-9][0-9]{0,9})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant(text: str) -> datetime:
    """An RFC 3339 time, rounded down to milliseconds."""
    try:
        moment = parse_instant(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is {error}, like 2026-05-01T00:00:00Z") from error
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def duration(text: str) -> timedelta:
    """90s, 15m, 6h, 31d."""
    if not (found := _DURATION.fullmatch(text)):
        raise typer.BadParameter(f"{text!r} is not a duration like 90s, 15m, 6h or 31d")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError as error:
        raise typer.BadParameter(f"{text!r} is too long") from error


def percent(text: str) -> Decimal:
    """20 or 12.5."""
    try:
        return parse_percent(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}") from error


def finite(number: float) -> float:
    """Any number but NaN and Infinity, which a float option accepts too."""
    if not math.isfinite(number):
        raise typer.BadParameter(f"{number} is not a finite number")
    return number


def event_source(text: str) -> str:
    """What an event may have as its source."""
    try:
        return check_source(text)
    except Invalid as error:
        raise typer.BadParameter(error.message) from error


def event_app(text: str | None) -> str | None:
    """What an event may have as its app_id; None if it has none."""
    try:
        return text and check_label(text, field="app_id")
    except Invalid as error:
        raise typer.BadParameter(error.message) from error


def cleaned(text: str | None) -> str | None:
    """An id or address without what copying adds around it."""
    return None if text is None else clean(text)


AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="The maximum number of rows.")]
AccountArg = Annotated[
    str, typer.Argument(callback=cleaned, help="acc-…, or the email address of one of its users.", metavar="ACCOUNT")
]
UserArg = Annotated[
    str, typer.Argument(callback=cleaned, help="The user's email address; or acc-…, then USER_ID.", metavar="USER")
]
UserIdArg = Annotated[
    str | None, typer.Argument(callback=cleaned, help="usr-…, if USER is acc-….", metavar="[USER_ID]")
]
Reason = Annotated[str, typer.Option(help="The reason, which the affected people can read.")]
