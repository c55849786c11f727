"""Scalingo's dialect: the errors of its paths.

Error: {"error": …}, with `code` on a 403; 404: {"resource": …, "error": …}; an invalid value is a 422:
{"errors": {field: [message, …]}}. Source: docs/decisions.md, "The three dialects".
"""

from datetime import datetime
from typing import Any

from tallybook.domain.errors import Forbidden, Invalid, NotFound, TallybookError
from tallybook.wire.response import Answer, error_headers, status_of


def error(error: TallybookError, *, at: datetime) -> Answer:  # noqa: ARG001 its errors have no timestamp
    body: dict[str, Any]
    if isinstance(error, Invalid):
        return Answer(422, {"errors": error.fields or {"base": [error.message]}})
    if isinstance(error, NotFound):
        body = {"resource": error.resource, "error": error.message}
    else:
        body = {"error": error.message}
    if isinstance(error, Forbidden):
        body["code"] = error.code
    return Answer(status_of(error), body, error_headers(error))
