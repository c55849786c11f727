"""An internal failure has a fixed answer in the path's dialect; its cause is in the log, and no secret in either."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import APIRouter, Request

from tallybook import runtime
from tallybook.http import lambda_handler, make_app
from tests.contract.examples import example
from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import JSON_ROUTES, NEW_PASSWORD, VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.functions.secret_walk import walk_secrets
from tests.support.app import PASSWORD, App
from tests.support.call import LambdaContext, call
from tests.support.cloud import make_context
from tests.support.fake_aws import FakeAws
from tests.support.faults import Faults, client_error, cut_off, throttle
from tests.support.routes import Route

MESSAGE = "Something went wrong on our side"
CAUSE = "the cause, with /var/task/tallybook/store/table.py in it"

LINK = Route("POST", "/auth/password/link")
"""It only reads, although its token is in the body."""

each_route = pytest.mark.parametrize("route", JSON_ROUTES, ids=name_of)


def secrets_of(scenario: Scenario) -> list[str]:
    return [
        scenario.member.api_key,
        scenario.member.session,
        scenario.platform_key,
        scenario.token,
        scenario.email_token,
        PASSWORD,
        NEW_PASSWORD,
    ]


def find_secrets(text: str, secrets: list[str]) -> list[str]:
    """The secrets that are in the text, whole or by their last 20 characters."""
    return [secret for secret in secrets if secret in text or secret[-20:] in text]


@pytest.fixture
def faulty(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """The interceptor of the scenario's tables, to plan faults with."""
    faults = Faults()
    ctx = make_context(scenario.app.client, interceptor=faults, clock=scenario.app.clock)
    monkeypatch.setattr(runtime, "context", lambda: ctx)
    return faults


@each_route
def test_a_defect_is_a_500_whose_cause_is_only_in_the_log(
    scenario: Scenario, route: Route, faulty: Faults, logged: Callable[[], str]
) -> None:
    faulty.fail_nth(1, error=lambda _: RuntimeError(CAUSE))
    before = scenario.stored()
    answer = scenario.request(route, key=scenario.credential(route))
    assert check_refusal(answer, route.path, 500) == MESSAGE
    assert "Traceback" in logged()
    assert CAUSE in logged()
    assert scenario.stored() == before
    assert not find_secrets(logged(), secrets_of(scenario))


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException", "UnrecognizedClientException"]
)
def test_a_refusal_by_the_database_is_a_500(
    scenario: Scenario, faulty: Faults, logged: Callable[[], str], code: str
) -> None:
    for n in range(1, 10):
        faulty.fail_nth(n, error=lambda operation: client_error(operation, code))
    for route in JSON_ROUTES:
        answer = scenario.request(route, key=scenario.credential(route))
        assert check_refusal(answer, route.path, 500) == MESSAGE
        assert code not in answer.text
        faulty.operations.clear()
    assert logged().count(code) >= len(JSON_ROUTES)
    assert not find_secrets(logged(), secrets_of(scenario))


@pytest.mark.parametrize("fault", [throttle, cut_off], ids=["throttled", "cut off"])
def test_a_busy_database_is_a_503_that_asks_to_try_again(scenario: Scenario, faulty: Faults, fault: Any) -> None:
    before = scenario.stored()
    for route in JSON_ROUTES:
        for n in range(1, 500):
            faulty.fail_nth(n, error=fault)
        answer = scenario.request(route, key=scenario.credential(route))
        assert check_refusal(answer, route.path, 503).endswith("; try again"), route
        faulty.clear()
    assert scenario.stored() == before
    for route in VALID_REQUESTS:
        assert scenario.request(route, key=scenario.credential(route)).status == VALID_REQUESTS[route].status, route


@pytest.fixture
def broken(app: App) -> Callable[[str], tuple[int, Any]]:
    """Calls a path whose route has a defect."""
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
def test_a_defect_is_answered_in_the_paths_dialect(
    broken: Any, logged: Callable[[], str], path: str, shape: str
) -> None:
    status, body = broken(path)
    assert status == 500
    assert not example(shape).differences(body)
    assert MESSAGE in str(body)
    assert CAUSE not in str(body)
    assert f"{CAUSE} at {path}" in logged()


def test_no_secret_is_logged_stored_or_published(app: App, fake_aws: FakeAws, logged: Callable[[], str]) -> None:
    secrets: list[str] = []
    stored = ""
    for secret in walk_secrets(app, fake_aws):
        secrets.append(secret)
        stored += repr(app.stored("core")) + repr(app.stored("usage"))
    fake_aws.sweep()
    stored += repr(app.stored("core")) + repr(app.stored("usage"))
    assert len(secrets) == 17
    assert logged().count('"message":"request"') > 3 * len(VALID_REQUESTS)
    assert not find_secrets(logged(), secrets), "logged"
    assert not find_secrets(stored, secrets), "stored"
    assert not find_secrets(repr(fake_aws.events), secrets), "on the bus"
    tokens = [secret for secret in secrets if secret.startswith("pwt_") or len(secret) == 36]
    found = [find_secrets(mail.text + mail.html, secrets) for mail in fake_aws.mails]
    assert sorted(token for tokens_of_mail in found for token in tokens_of_mail) == sorted(tokens), (
        "each link in one mail, and no other secret"
    )


def test_only_the_answer_that_creates_a_secret_shows_it(scenario: Scenario) -> None:
    body = {"name": "ci"}
    created = call("POST", "/v1/user-management/api-keys", key=scenario.member.api_key, body=body).json["data"][
        "api_key"
    ]
    secrets = [created, scenario.colleague.api_key, scenario.colleague.session, *secrets_of(scenario)]
    for route in VALID_REQUESTS:
        if route.method == "GET" or route == LINK:
            answer = scenario.request(route, key=scenario.member.api_key)
            assert answer.status == 200
            assert not find_secrets(answer.text + repr(answer.headers), [*secrets, "$2b$04$"]), route


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
