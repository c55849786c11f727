"""The path decides the dialect of an error, which has exactly the shape of its system."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tallybook.domain.errors import (
    Conflict,
    Failed,
    Forbidden,
    Invalid,
    KeyReused,
    NotAllowed,
    NotFound,
    PaymentRequired,
    TallybookError,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnknownEncoding,
)
from tallybook.wire.dialects import error_presenter
from tallybook.wire.quota_app import envelope as quota_app
from tallybook.wire.response import STATUS
from tallybook.wire.scalebox import envelope as scalebox
from tallybook.wire.scalingo import envelope as scalingo

AT = datetime(2026, 4, 20, 12, 34, 56, 789_000, tzinfo=UTC)

STATUSES = [
    (Invalid("bad"), 400),
    (Unauthenticated("who"), 401),
    (PaymentRequired("pay"), 402),
    (Forbidden("no"), 403),
    (NotFound("gone", resource="invoice"), 404),
    (NotAllowed("not so"), 405),
    (Conflict("twice"), 409),
    (TooLarge("big"), 413),
    (UnknownEncoding("packed"), 415),
    (KeyReused("another"), 422),
    (TooManyRequests("slow", retry_after=7), 429),
    (Failed("ours"), 500),
    (Unavailable("later"), 503),
]


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/users", scalingo),
        ("/v1/users/", scalingo),
        ("/v1/users/self", scalingo),
        ("/v1/users/us-1/keys", scalingo),
        ("/v1/account/usage", scalingo),
        ("/v1/account", scalingo),
        ("/v1/tokens", scalingo),
        ("/v1/tokens/exchange", scalingo),
        ("/account", quota_app),
        ("/account/profile", quota_app),
        ("/auth/login", quota_app),
        ("/auth", quota_app),
        ("/v1/packages", quota_app),
        ("/v1/budgets", scalebox),
        ("/v1/budgets/messages", scalebox),
        ("/v1/billing/current", scalebox),
        ("/v1/usage/quota-requests", scalebox),
        ("/v1/user-management/users/me", scalebox),
        ("/v1/user-management/account", scalebox),
        ("/v1/platform/events", scalebox),
        ("/v1/payment/methods", scalebox),
        ("/accounts-not", scalebox),
        ("/account-not", scalebox),
        ("/v1/usersnot", scalebox),
        ("/v1/accounts", scalebox),
        ("/v1/packages2", scalebox),
        ("/authorize", scalebox),
        ("/V1/users", scalebox),
        ("/v2/users", scalebox),
        ("/x/account", scalebox),
        ("/v1", scalebox),
        ("/", scalebox),
        ("", scalebox),
    ],
)
def test_a_path_has_the_dialect_of_the_system_that_owns_it(path: str, dialect: Any) -> None:
    assert error_presenter(path) is dialect.error


def test_every_error_has_a_status() -> None:
    kinds = set(TallybookError.__subclasses__())
    assert set(STATUS) == kinds == {type(error) for error, _ in STATUSES}


@pytest.mark.parametrize(("error", "status"), STATUSES, ids=lambda value: type(value).__name__)
def test_scalebox_puts_every_error_in_one_envelope(error: TallybookError, status: int) -> None:
    answer = scalebox.error(error, at=AT)
    assert answer.status == status
    assert set(answer.body) == {"success", "error", "message", "code", "timestamp"}
    assert answer.body["success"] is False
    assert answer.body["message"] == error.message
    assert answer.body["code"] == error.code
    assert answer.body["timestamp"] == "2026-04-20T12:34:56Z"
    assert isinstance(answer.body["error"], str)
    assert answer.body["error"]


@pytest.mark.parametrize(("error", "status"), STATUSES, ids=lambda value: type(value).__name__)
def test_quota_puts_every_error_in_one_object(error: TallybookError, status: int) -> None:
    answer = quota_app.error(error, at=AT)
    assert answer.status == status
    assert answer.body == {
        "error": {
            "code": error.code,
            "message": error.message,
            "docs_url": f"/auth/errors#{error.code}",
        }
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Invalid("too long", field="name"), "invalid_name"),
        (Invalid("too deep", field="user_metadata.a.b"), "invalid_user_metadata"),
        (Invalid("too weak", code="weak_password", field="password"), "weak_password"),
        (Invalid("unreadable"), "invalid_request"),
    ],
)
def test_quota_gives_an_invalid_body_its_fields_code(error: Invalid, code: str) -> None:
    assert quota_app.error(error, at=AT).body["error"]["code"] == code


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (Invalid("bad"), 422, {"errors": {"base": ["bad"]}}),
        (Invalid("bad", field="email"), 422, {"errors": {"email": ["bad"]}}),
        (
            Invalid("bad", field="email", fields={"email": ["a", "b"], "company": ["c"]}),
            422,
            {"errors": {"email": ["a", "b"], "company": ["c"]}},
        ),
        (Unauthenticated("who"), 401, {"error": "who"}),
        (PaymentRequired("pay"), 402, {"error": "pay"}),
        (Forbidden("no", code="account_suspended"), 403, {"error": "no", "code": "account_suspended"}),
        (NotFound("gone", resource="user"), 404, {"resource": "user", "error": "gone"}),
        (NotAllowed("not so"), 405, {"error": "not so"}),
        (Conflict("twice"), 409, {"error": "twice"}),
        (TooLarge("big"), 413, {"error": "big"}),
        (UnknownEncoding("packed"), 415, {"error": "packed"}),
        (TooManyRequests("slow", retry_after=7), 429, {"error": "slow"}),
        (Failed("ours"), 500, {"error": "ours"}),
        (Unavailable("later"), 503, {"error": "later"}),
    ],
)
def test_scalingo_has_three_shapes_of_errors(error: TallybookError, status: int, body: dict[str, Any]) -> None:
    answer = scalingo.error(error, at=AT)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize("present_error", [scalebox.error, scalingo.error, quota_app.error])
def test_an_error_has_the_header_of_its_status(present_error: Callable[..., Any]) -> None:
    assert present_error(TooManyRequests("slow", retry_after=7), at=AT).headers == {"Retry-After": "7"}
    assert present_error(Unavailable("later"), at=AT).headers == {"Retry-After": "1"}
    assert present_error(NotAllowed("not so", allowed=("GET", "HEAD")), at=AT).headers == {"Allow": "GET, HEAD"}
    assert present_error(UnknownEncoding("packed"), at=AT).headers == {"Accept-Encoding": "gzip, deflate"}
    assert present_error(Forbidden("no"), at=AT).headers == {}


def test_scalebox_wraps_success_in_its_envelope() -> None:
    assert scalebox.ok({"a": 1}, at=AT, status=201).status == 201
    assert scalebox.ok(None, at=AT).body == {"success": True, "data": None, "timestamp": "2026-04-20T12:34:56Z"}
    assert scalebox.done("Revoked", at=AT).body == {
        "success": True,
        "message": "Revoked",
        "timestamp": "2026-04-20T12:34:56Z",
    }
