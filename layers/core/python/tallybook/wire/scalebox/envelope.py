"""ScaleBox's dialect: an envelope around everything; whole seconds with `Z`; ids with their prefixes.

Success: {"success": true, "data": …, "message"?: …, "timestamp": …}.
Error: {"success": false, "error": …, "message": …, "code": …, "timestamp": …}; a body that can't be read is a 400.
Source: decisions, "The three dialects".
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from tallybook.domain.admission import NotAdmitted, Reason
from tallybook.domain.errors import TallybookError
from tallybook.wire.response import Answer, number, retry_header, seconds, status_of


def ok(data: Any, *, at: datetime, status: int = 200) -> Answer:
    return Answer(status, {"success": True, "data": data, "timestamp": seconds(at)})


def done(message: str, *, at: datetime) -> Answer:
    """A mutation that has nothing to show."""
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
    return Answer(status, body, retry_header(error))


def reasons(reasons: Sequence[Reason]) -> list[dict[str, object]]:
    """Source: decisions, "What the platform needs"."""
    return [
        {"code": reason.code, "limit": _number(reason.limit), "current": _number(reason.current)} for reason in reasons
    ]


def _number(value: int | Decimal | None) -> int | float | None:
    return number(value) if isinstance(value, Decimal) else value
