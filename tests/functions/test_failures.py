"""What goes wrong inside is told in the dialect, constantly; the log tells it whole, and neither tells a secret."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, Request

from tallybook import runtime
from tallybook.http import lambda_handler, make_app
from tests.contract.examples import example
from tests.functions.newcomer import walk
from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import GOOD, JSON_ROUTES, NEW_PASSWORD, name_of
from tests.functions.stage import Stage
from tests.support.app import PASSWORD, App
from tests.support.call import LambdaContext, call
from tests.support.cloud import make_context
from tests.support.fake_aws import FakeAws
from tests.support.faults import Faults, client_error, cut_off, throttle
from tests.support.routes import Route

MESSAGE = "Something went wrong on our side"
CAUSE = "the cause, with /var/task/tallybook/store/table.py in it"

each_route = pytest.mark.parametrize("route", JSON_ROUTES, ids=name_of)


def secrets_of(stage: Stage) -> list[str]:
    return [
        stage.member.api_key,
        stage.member.session,
        stage.platform_key,
        stage.token,
        stage.email_token,
        PASSWORD,
        NEW_PASSWORD,
    ]


def told_in(text: str, secrets: list[str]) -> list[str]:
    """The secrets of which a good part stands in the text."""
    return [secret for secret in secrets if secret in text or secret[-20:] in text]


@pytest.fixture
def faulty(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """The stage's tables behind an interceptor that fails what it is told to fail."""
    faults = Faults()
    ctx = make_context(stage.app.client, interceptor=faults, clock=stage.app.clock)
    monkeypatch.setattr(runtime, "context", lambda: ctx)
    return faults


@each_route
def test_a_defect_is_a_500_that_tells_the_caller_nothing_and_the_log_all(
    stage: Stage, route: Route, faulty: Faults, logged: Callable[[], str]
) -> None:
    faulty.fail_nth(1, error=lambda _: RuntimeError(CAUSE))
    before = stage.stored()
    answer = stage.request(route, key=stage.credential(route))
    assert check_refusal(answer, route.path, 500) == MESSAGE
    assert "Traceback" in logged()
    assert CAUSE in logged()
    assert stage.stored() == before
    assert not told_in(logged(), secrets_of(stage))


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException", "UnrecognizedClientException"]
)
def test_a_database_that_refuses_us_is_a_defect_of_ours(
    stage: Stage, faulty: Faults, logged: Callable[[], str], code: str
) -> None:
    for n in range(1, 10):
        faulty.fail_nth(n, error=lambda operation: client_error(operation, code))
    for route in JSON_ROUTES:
        answer = stage.request(route, key=stage.credential(route))
        assert check_refusal(answer, route.path, 500) == MESSAGE
        assert code not in answer.text
        faulty.operations.clear()
    assert logged().count(code) >= len(JSON_ROUTES)
    assert not told_in(logged(), secrets_of(stage))


@pytest.mark.parametrize("fault", [throttle, cut_off], ids=["throttled", "cut off"])
def test_a_database_that_is_too_busy_is_a_503_that_asks_to_try_again(stage: Stage, faulty: Faults, fault: Any) -> None:
    before = stage.stored()
    for route in JSON_ROUTES:
        for n in range(1, 500):
            faulty.fail_nth(n, error=fault)
        answer = stage.request(route, key=stage.credential(route))
        assert check_refusal(answer, route.path, 503).endswith("; try again"), route
        faulty.clear()
    assert stage.stored() == before
    for route in GOOD:
        assert stage.request(route, key=stage.credential(route)).status == GOOD[route].status, route


@pytest.fixture
def broken(app: App) -> Callable[[str], tuple[int, Any]]:
    """Asks a path whose route has a defect."""
    router = APIRouter()

    @router.get("/{path:path}")
    async def fail(request: Request) -> None:
        raise RuntimeError(f"{CAUSE} at {request.url.path}")

    handler = lambda_handler(make_app(router))

    def ask(path: str) -> tuple[int, Any]:
        http = {"method": "GET", "path": path, "sourceIp": "203.0.113.7"}
        event = {"version": "2.0", "rawPath": path, "headers": {}, "requestContext": {"http": http}}
        answer = handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    return ask


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/billing/current", "error_scalebox"),
        ("/v1/budgets", "error_scalebox"),
        ("/v1/users/self", "error_scalingo"),
        ("/v1/account/usage", "error_scalingo"),
        ("/account", "error_quota"),
        ("/v1/packages", "error_quota"),
    ],
)
def test_a_defect_is_told_in_each_dialect(broken: Any, logged: Callable[[], str], path: str, shape: str) -> None:
    status, body = broken(path)
    assert status == 500
    assert not example(shape).differences(body)
    assert MESSAGE in str(body)
    assert CAUSE not in str(body)
    assert f"{CAUSE} at {path}" in logged()


def test_a_house_without_a_catalog_is_a_defect_of_ours_too(empty_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "context", lambda: empty_app.ctx)
    for route in (Route("GET", "/v1/user-management/plans"), Route("POST", "/auth/register")):
        answer = call(route.method, route.path, body={"email": "ada@example.com", "password": PASSWORD})
        check_refusal(answer, route.path, 500)


def test_no_secret_of_a_whole_walk_is_logged_stored_or_told_outside(
    app: App, post: FakeAws, logged: Callable[[], str]
) -> None:
    secrets: list[str] = []
    stored = ""
    for secret in walk(app, post):
        secrets.append(secret)
        stored += repr(app.stored("core")) + repr(app.stored("usage"))
    post.sweep()
    stored += repr(app.stored("core")) + repr(app.stored("usage"))
    assert len(secrets) == 14
    assert logged().count('"message":"request"') > 3 * len(GOOD)
    assert not told_in(logged(), secrets), "logged"
    assert not told_in(stored, secrets), "stored"
    assert not told_in(repr(post.events), secrets), "on the bus"
    tokens = [secret for secret in secrets if secret.startswith("pwt_") or len(secret) == 36]
    letters = [told_in(letter.text + letter.html, secrets) for letter in post.mails]
    assert sorted(token for told in letters for token in told) == sorted(tokens), (
        "each link in one letter, and no other secret"
    )


def test_a_secret_is_shown_by_the_answer_that_makes_it_and_by_no_other(stage: Stage) -> None:
    body = {"name": "ci"}
    made = call("POST", "/v1/user-management/api-keys", key=stage.member.api_key, body=body).json["data"]["api_key"]
    secrets = [made, stage.colleague.api_key, stage.colleague.session, *secrets_of(stage)]
    for route in GOOD:
        if route.method == "GET":
            answer = stage.request(route, key=stage.member.api_key)
            assert answer.status == 200
            assert not told_in(answer.text + repr(answer.headers), [*secrets, "$2b$04$"]), route


def test_each_request_leaves_one_line_without_query_header_or_body(app: App, logged: Callable[[], str]) -> None:
    member = app.member()
    call("GET", "/v1/billing/current?note=in-the-query", key=member.api_key, headers={"user-agent": "in-a-header"})
    call("POST", "/v1/user-management/api-keys", key=member.api_key, body={"name": "in-the-body"})
    lines = [line for line in logged().splitlines() if line.startswith('{"level"')]
    assert [(json.loads(line)["path"], json.loads(line)["status"]) for line in lines] == [
        ("/v1/billing/current", 200),
        ("/v1/user-management/api-keys", 201),
    ]
    assert not [word for word in ("in-the-query", "in-a-header", "in-the-body") if word in logged()]
