"""Error bodies by dialect: their models, and the response of an operation for each status."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from tallybook.domain.admission import NotAdmitted, Reason
from tallybook.domain.errors import TallybookError, TooManyRequests
from tallybook.openapi.answers.fields import Answered, Seconds
from tallybook.openapi.answers.platform import AdmissionRefusal, EventResults
from tallybook.openapi.codes import CLASSES, CODES, USUAL
from tallybook.wire.dialects import PATHS, error_presenter
from tallybook.wire.response import Answer

NOW = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)
"""The time in the examples of errors."""

_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "Retry-After": {"description": "Seconds until it may be tried again.", "schema": {"type": "integer", "minimum": 0}},
    "Allow": {"description": "The methods of the path.", "schema": {"type": "string"}},
    "Accept-Encoding": {"description": "The encodings of a body that are read.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "Each scheme that the path takes.", "schema": {"type": "string"}},
}


class ScaleBoxError(Answered):
    success: Literal[False]
    error: str
    """The name of the status, like `Not Found`."""
    message: str
    """For people."""
    code: str
    """For machines."""
    timestamp: Seconds


class AdmissionError(ScaleBoxError):
    data: AdmissionRefusal = None  # type: ignore[assignment]  # absent for a key that lacks the scope
    """Why the session may not start; absent if the key lacks the scope."""


class UnreadableEventsError(ScaleBoxError):
    data: EventResults = None  # type: ignore[assignment]  # absent for a body that is no JSON
    """The reason of each event; absent if the body has no events."""


class QuotaProblem(Answered):
    code: str
    """For machines. A wrong field is `invalid_` and its name."""
    message: str
    """For people."""
    docs_url: str
    """A page about the code."""


class QuotaError(Answered):
    error: QuotaProblem


class ScalingoError(Answered):
    error: str


class ScalingoForbidden(Answered):
    error: str
    code: str


class ScalingoNotFound(Answered):
    resource: str
    """What was not found, like `app`."""
    error: str


class ScalingoInvalid(Answered):
    errors: dict[str, list[str]]
    """The messages of each wrong field."""


class GatewayError(Answered):
    """What stands before the functions (API Gateway, CloudFront, WAF) answers by itself, outside the dialects."""

    message: str
    """For people; the status is for machines."""


GATEWAY_STATUSES = (403, 413, 429, 500, 503)
"""403 for a request past CloudFront or one that WAF refuses; 500 and 503 if a function fails or is late."""


class Dialect(NamedTuple):
    """`paths`: prefixes; none for all other paths. `errors`: the models by status, "default" for all others."""

    name: str
    summary: str
    paths: tuple[str, ...]
    errors: Mapping[str, type[Answered]]


SCALEBOX = Dialect(
    "ScaleBox",
    "one envelope for answers and errors, times in whole seconds, ids with prefixes; all paths that no other has",
    (),
    {"default": ScaleBoxError},
)
QUOTA = Dialect(
    "Quota",
    "flat JSON, times in milliseconds, ids without prefixes",
    PATHS["Quota"],
    {"default": QuotaError},
)
SCALINGO = Dialect(
    "Scalingo",
    "rooted JSON; only its errors exist so far, and a wrong value is 422",
    PATHS["Scalingo"],
    {"default": ScalingoError, "403": ScalingoForbidden, "404": ScalingoNotFound, "422": ScalingoInvalid},
)
DIALECTS = (SCALEBOX, QUOTA, SCALINGO)


def dialect_of(path: str) -> Dialect:
    """The dialect whose presenter answers the errors of this path."""
    presenter = error_presenter(path)
    return next((one for one in DIALECTS if one.paths and presenter is error_presenter(one.paths[0])), SCALEBOX)


def error_model(dialect: Dialect, status: int) -> type[Answered]:
    return dialect.errors.get(str(status)) or dialect.errors["default"]


def error_response(dialect: Dialect, status: int, codes: Iterable[str], *, model: type[Answered]) -> dict[str, Any]:
    """The response of a status, with one example for each code."""
    codes = tuple(codes)
    names = {code: {"$ref": f"#/components/examples/{example_name(dialect, status, code)}"} for code in codes}
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    headers = list(_answer(dialect, status, codes[0]).headers)
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append("WWW-Authenticate")  # its value depends on the path, so `http_errors` adds it
    if headers:
        response["headers"] = {name: _HEADERS[name] for name in headers}
    return {**response, "content": {"application/json": {"schema": schema, "examples": names}}}


def example_name(dialect: Dialect, status: int, code: str) -> str:
    return f"{dialect.name}.{status}.{code}"


def error_example(dialect: Dialect, status: int, code: str) -> dict[str, Any]:
    """The body as the dialect's presenter writes it."""
    return {"summary": _message(code), "value": _answer(dialect, status, code).body}


def is_usual(status: int, codes: Iterable[str]) -> bool:
    """Whether the status has its usual codes only, so that all operations of a dialect share the response."""
    return tuple(codes) == USUAL[status]


def _answer(dialect: Dialect, status: int, code: str) -> Answer:
    present = error_presenter(dialect.paths[0] if dialect.paths else "/")
    return present(_error(status, code, _message(code)), at=NOW)


def _message(code: str) -> str:
    field = code.removeprefix("invalid_")
    return CODES.get(code) or (f"{field} is not valid" if field != code else code.replace("_", " ").capitalize())


def _error(status: int, code: str, message: str) -> TallybookError:
    if code == NotAdmitted.code:
        return NotAdmitted((Reason("user_concurrent_sandboxes", 3, 3),))
    kind = CLASSES[status]
    if issubclass(kind, TooManyRequests):
        return kind(message, retry_after=60)
    error = kind(message)
    error.code = code
    return error
