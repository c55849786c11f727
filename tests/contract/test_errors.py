"""Each dialect's error shapes, by the first table of the decisions."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter

from tallybook.domain import errors
from tallybook.http import lambda_handler, make_app
from tests.contract.examples import example
from tests.support.app import App
from tests.support.call import LambdaContext, call

RAISED: dict[int, errors.TallybookError] = {
    400: errors.Invalid("email is not an address", code="invalid_email", field="email"),
    401: errors.Unauthenticated("A valid credential is required"),
    402: errors.PaymentRequired("Save a card or buy credits first"),
    403: errors.Forbidden("Only a root user may do this", code="root_required"),
    404: errors.NotFound("There is no such app", resource="app"),
    405: errors.NotAllowed("This method is not allowed here"),
    409: errors.Conflict("This email is already registered", code="email_exists"),
    413: errors.TooLarge("The request body must be at most 65536 bytes"),
    415: errors.UnknownEncoding("Content-Encoding must be gzip or deflate, or left out"),
    429: errors.TooManyRequests("Too many attempts", retry_after=42),
    500: errors.Failed("Something went wrong on our side"),
    503: errors.Unavailable("Too much is going on at once; try again"),
}

HEADERS = {
    401: {"www-authenticate": 'Bearer realm="users", Api-Key realm="users"'},
    405: {"allow": "HEAD, OPTIONS"},
    415: {"accept-encoding": "gzip, deflate"},
    429: {"retry-after": "42"},
    503: {"retry-after": "1"},
}
"""The headers of each error, as a GET on a user's path gets them whose route refuses its own method."""

SCALEBOX = [
    "/v1/user-management/x",
    "/v1/budgets",
    "/v1/billing/x",
    "/v1/usage/x",
    "/v1/payment/x",
    "/v1/platform/x",
    "/x",
    "/",
]
SCALINGO = ["/v1/users", "/v1/users/self", "/v1/account/usage", "/v1/tokens", "/v1/tokens/exchange"]
QUOTA = ["/account", "/account/spend", "/auth/x", "/v1/packages"]


@pytest.fixture
def raising(app: App) -> Callable[[str, int], tuple[int, dict[str, str], Any]]:
    """Calls a path whose route raises the error of this status."""
    router = APIRouter()

    @router.get("/{path:path}")
    async def fail(status: int) -> None:
        raise RAISED[status]

    handler = lambda_handler(make_app(router))

    def ask(path: str, status: int) -> tuple[int, dict[str, str], Any]:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": f"status={status}",
            "headers": {"host": "api.example.com"},
            "requestContext": {"http": {"method": "GET", "path": path, "sourceIp": "203.0.113.7"}},
        }
        answer = handler(event, LambdaContext())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    return ask


def headers_of_errors(headers: dict[str, str]) -> dict[str, str]:
    names = {name for one in HEADERS.values() for name in one}
    return {name: value.replace("platform", "users") for name, value in headers.items() if name in names}


@pytest.mark.parametrize("status", RAISED)
def test_scalebox_wraps_every_error_in_its_envelope(raising: Any, status: int) -> None:
    for path in SCALEBOX:
        answered, headers, body = raising(path, status)
        assert answered == status
        assert not example("error_scalebox").differences(body)
        assert (body["success"], body["message"], body["code"]) == (False, RAISED[status].message, RAISED[status].code)
        assert body["timestamp"] == "2026-04-20T12:34:56Z"
        assert headers_of_errors(headers) == HEADERS.get(status, {})


@pytest.mark.parametrize("status", RAISED)
def test_scalingo_has_a_shape_for_each_kind_and_none_is_empty(raising: Any, status: int) -> None:
    for path in SCALINGO:
        answered, headers, body = raising(path, status)
        shape = {400: "error_scalingo_422", 403: "error_scalingo_403", 404: "error_scalingo_404"}.get(status)
        assert not example(shape or "error_scalingo").differences(body)
        if status == 400:
            assert (answered, body) == (422, {"errors": {"email": ["email is not an address"]}})
        else:
            assert (answered, body["error"]) == (status, RAISED[status].message)
        assert headers_of_errors(headers) == HEADERS.get(status, {})


@pytest.mark.parametrize("status", RAISED)
def test_quota_has_one_error_object_with_a_code(raising: Any, status: int) -> None:
    for path in QUOTA:
        answered, headers, body = raising(path, status)
        assert answered == status
        assert not example("error_quota").differences(body)
        assert (body["error"]["code"], body["error"]["message"]) == (RAISED[status].code, RAISED[status].message)
        assert headers_of_errors(headers) == HEADERS.get(status, {})


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        *((f"{path.rstrip('/')}/nothing/is/here", "error_scalebox") for path in SCALEBOX),
        *((f"{path}/nothing/is/here", "error_scalingo_404") for path in SCALINGO),
        *((f"{path}/nothing/is/here", "error_quota") for path in QUOTA),
        ("/accounts", "error_scalebox"),
        ("/v1/users-of-another-kind", "error_scalebox"),
        ("/v1/accounting", "error_scalebox"),
        ("/authors", "error_scalebox"),
    ],
)
def test_an_unknown_path_is_404_in_its_dialect(app: App, path: str, shape: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = call(method, path, body={})
        assert answer.status == 404, answer.text
        assert not example(shape).differences(answer.json)
