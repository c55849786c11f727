"""Parameters in path and query, and who may call: the security schemes."""

from collections.abc import Mapping
from typing import Any

from tallybook.domain import ids
from tallybook.domain.idempotency import HEADER
from tallybook.openapi.answers.fields import ID_SHAPE
from tallybook.openapi.endpoints import Endpoint
from tallybook.openapi.operations.operation import Operation
from tallybook.wire.requests.credentials import SESSION_COOKIE

_SHAPES: Mapping[str, tuple[str, str]] = {
    "key_id": (f"^{ids.API_KEY}{ID_SHAPE}$", "key-1234567890ab"),
    "user_id": (f"^{ids.USER}{ID_SHAPE}$", "usr-1234567890ab"),
    "account_id": (f"^{ids.ACCOUNT}{ID_SHAPE}$", "acc-123456789"),
    "invoice_id": (f"^{ids.INVOICE}{ID_SHAPE}$", "inv-1234567890ab"),
    "allocation_id": (f"^{ids.ALLOCATION}{ID_SHAPE}$", "qal-1234567890ab"),
    "request_id": (f"^{ids.QUOTA_REQUEST}{ID_SHAPE}$", "qrq-1234567890ab"),
    "session_id": ("^[A-Za-z0-9_-]{1,64}$", "run-1"),
}
"""Pattern and example of each name in a path."""

PAGE = {
    "name": "page",
    "in": "query",
    "description": "The number of the page.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 10**9, "default": 1},
}
PAGE_SIZE = {
    "name": "page_size",
    "in": "query",
    "description": "Another name of `limit`, which takes precedence.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 100},
}
_INSTANT = {"type": "string", "format": "date-time"}
START = {"name": "start", "in": "query", "description": "RFC 3339 with an offset.", "schema": _INSTANT}
END = {"name": "end", "in": "query", "description": "RFC 3339 with an offset; by default now.", "schema": _INSTANT}

KEY = {
    "name": HEADER,
    "in": "header",
    "description": "The same key and body within 24 hours are answered as before, and change nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

SHARED = {"Page": PAGE, "PageSize": PAGE_SIZE, "Start": START, "End": END, "IdempotencyKey": KEY}

SECURITY_SCHEMES = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key, `sk-…`. A session's token, `sess_…`, works too.",
    },
    "ApiKeyAuthorization": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Api-Key sk-…`: an API key.",
    },
    "Bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A session's token, `sess_…`, or an API key, `sk-…`.",
    },
    "SessionCookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Set by signing in. A change with it needs an `Origin` that is allowed.",
    },
    "PlatformKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A platform key, `pk-…`, which the operator makes (`tallybook platform-keys create`). "
        "`Authorization: Bearer pk-…` works too.",
    },
}
_OF_USERS = ("ApiKey", "ApiKeyAuthorization", "Bearer", "SessionCookie")


def parameters_of(endpoint: Endpoint, operation: Operation) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = [_in_path(name) for name in endpoint.parameters]
    if endpoint.page_limit is not None:
        found += [_shared("Page"), _limit(endpoint.page_limit), _shared("PageSize")]
    if endpoint.has_range:
        found += [_shared("Start"), _shared("End")]
    if endpoint.takes_key:
        found.append(_shared("IdempotencyKey"))
    return [*found, *operation.query]


def security_of(endpoint: Endpoint, operation: Operation) -> list[dict[str, list[str]]]:
    """One of these is needed, with its role or scope; empty for a public operation."""
    if endpoint.by_platform:
        return [{"PlatformKey": [operation.who]}]
    if endpoint.by_user:
        roles = ["root"] if operation.who == "root" else []
        return [{name: roles} for name in _OF_USERS]
    return []


def _in_path(name: str) -> dict[str, Any]:
    pattern, example = _SHAPES[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": pattern},
        "example": example,
    }


def _limit(default: int) -> dict[str, Any]:
    return {
        "name": "limit",
        "in": "query",
        "description": "The most items of a page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": default},
    }


def _shared(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}
