"""An answer's status, body and headers, and the format of numbers, amounts and times in JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tallybook.domain import errors
from tallybook.domain.errors import NotAllowed, TallybookError, TooManyRequests, Unavailable, UnknownEncoding
from tallybook.domain.money import in_units

ENCODINGS = ("gzip", "deflate")
"""The values of Content-Encoding that a request's body may have."""

STATUS: dict[type[TallybookError], int] = {
    errors.Invalid: 400,
    errors.Unauthenticated: 401,
    errors.PaymentRequired: 402,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NotAllowed: 405,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.UnknownEncoding: 415,
    errors.KeyReused: 422,
    errors.TooManyRequests: 429,
    errors.Failed: 500,
    errors.Unavailable: 503,
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def status_of(error: TallybookError) -> int:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def error_headers(error: TallybookError) -> dict[str, str]:
    """The headers that belong to the error's status. Source: RFC 9110, sections 15.5 and 15.6."""
    match error:
        case TooManyRequests() | Unavailable():
            return {"Retry-After": str(error.retry_after)}
        case NotAllowed():
            return {"Allow": ", ".join(error.allowed)}
        case UnknownEncoding():
            return {"Accept-Encoding": ", ".join(ENCODINGS)}
    return {}


def number(value: Decimal) -> int | float:
    """A JSON number: 20, 29.5, 12.84. A fraction of more than 15 digits is rounded to a float."""
    return int(value) if value == value.to_integral_value() else float(value)


def number_or_none(value: Decimal | None) -> int | float | None:
    return None if value is None else number(value)


def amount(micros: int) -> int | float:
    """Micros as a JSON number of currency units: 12_840_000 -> 12.84."""
    return number(in_units(micros))


def seconds(instant: datetime) -> str:
    """2026-04-20T12:34:56Z"""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def seconds_or_none(instant: datetime | None) -> str | None:
    return None if instant is None else seconds(instant)


def json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as JSON values: each Decimal as a number, also in lists and maps."""
    return {name: _json_value(value) for name, value in values.items()}


def _json_value(value: Any) -> Any:
    match value:
        case Decimal():
            return number(value)
        case Mapping():
            return json_values(value)
        case list():
            return [_json_value(one) for one in value]
    return value
