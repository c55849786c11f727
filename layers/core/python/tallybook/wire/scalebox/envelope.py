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
from tallybook.domain.usage import Result, UnreadableEvents
from tallybook.wire.response import Answer, error_headers, number, seconds, status_of

COUNT_NAMES = {"accepted": "accepted", "duplicate": "duplicates", "conflict": "conflicts", "rejected": "rejected"}
"""The field that counts the results of each status."""


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
    if isinstance(error, UnreadableEvents):
        body = {**body, "data": results(error.results)}
    return Answer(status, body, error_headers(error))


def reasons(reasons: Sequence[Reason]) -> list[dict[str, object]]:
    """Why a session was not admitted. Source: docs/decisions.md, "What the platform needs"."""
    return [
        {"code": reason.code, "limit": _number(reason.limit), "current": _number(reason.current)} for reason in reasons
    ]


def results(results: Sequence[Result]) -> dict[str, object]:
    """The count of each status, and the results in the order sent; `reason` only if there is one.

    Source: docs/decisions.md, "What the platform needs".
    """
    counts = {name: sum(result.status == status for result in results) for status, name in COUNT_NAMES.items()}
    rows = [
        {"id": result.id, "status": result.status, **({"reason": result.reason} if result.reason else {})}
        for result in results
    ]
    return {**counts, "results": rows}


def period_fields(period: Period) -> dict[str, str]:
    return {"period_start": seconds(period.start), "period_end": seconds(period.display_end)}


def _number(value: int | Decimal | None) -> int | float | None:
    return number(value) if isinstance(value, Decimal) else value
