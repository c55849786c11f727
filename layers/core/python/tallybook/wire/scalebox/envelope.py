"""ScaleBox's dialect: one envelope for answers and errors, times in whole seconds with `Z`, ids with prefixes.

Success: {"success": true, "data": …, "message"?: …, "timestamp": …}.
Error: {"success": false, "error": …, "message": …, "code": …, "timestamp": …}; an unreadable body is a 400.
Source: docs/decisions.md, "The three dialects".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from tallybook.domain.admission import NotAdmitted, Reason
from tallybook.domain.errors import TallybookError
from tallybook.domain.periods import Period
from tallybook.wire.response import Answer, error_headers, number, seconds, status_of


def ok(data: Any, *, at: datetime, status: int = 200) -> Answer:
    return Answer(status, {"success": True, "data": data, "timestamp": seconds(at)})


def done(message: str, *, at: datetime) -> Answer:
    """The answer to a change that returns no data."""
    return Answer(200, {"success": True, "message": message, "timestamp": seconds(at)})


def error(error: TallybookError, *, at: datetime) -> Answer:
    status = status_of(error)
    body: Mapping[str, Any] = {
        "success": False,
        "error": HTTPStatus(status).phrase,
        "message": error.message,
        "code": error.code,
        "timestamp": seconds(at),
    }
    if isinstance(error, NotAdmitted):
        body = {**body, "data": {"reasons": reasons(error.reasons)}}
    return Answer(status, body, error_headers(error))


def reasons(reasons: Sequence[Reason]) -> list[dict[str, object]]:
    """Why a session was not admitted. Source: docs/decisions.md, "What the platform needs"."""
    return [
        {"code": reason.code, "limit": _number(reason.limit), "current": _number(reason.current)} for reason in reasons
    ]


def period_fields(period: Period) -> dict[str, str]:
    return {"period_start": seconds(period.start), "period_end": seconds(period.display_end)}


def _number(value: int | Decimal | None) -> int | float | None:
    return number(value) if isinstance(value, Decimal) else value
