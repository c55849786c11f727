"""Behind CloudFront, limits count its clients, and a request that came past it is refused; else no header counts."""

from collections.abc import Callable

import pytest

from tallybook import runtime
from tallybook.domain.limits import Limits
from tests.functions.route_catalog import VALID_REQUESTS
from tests.functions.scenario import Scenario
from tests.support.app import App
from tests.support.call import HERE, Answer, call, gateway_event, handle

SECRET = "s" * 48
CLOUDFRONT = "130.176.100.154"
THROUGH = {"x-tallybook-edge": SECRET}


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "edge_secret", lambda: SECRET)


@pytest.fixture
def scenario_behind(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """Made by requests of a stage that is not behind CloudFront yet."""
    monkeypatch.setattr(runtime, "edge_secret", lambda: SECRET)
    return scenario


def login(forwarded: str, **headers: str) -> Answer:
    body = {"email": "ada@example.com", "password": "wrong password"}
    sent = {"x-forwarded-for": forwarded, **headers}
    return call("POST", "/auth/login", body=body, headers=sent, address=CLOUDFRONT)


@pytest.mark.usefixtures("behind")
def test_clients_behind_cloudfront_have_limits_of_their_own(app: App) -> None:
    app.reshape(limits=Limits())
    for number in range(5):  # each with another forged entry before that of CloudFront
        assert login(f"192.0.2.{number}, {HERE}, {CLOUDFRONT}", **THROUGH).status == 401
    assert login(f"192.0.2.9, {HERE}, {CLOUDFRONT}", **THROUGH).status == 429
    assert login(f"{HERE}, 203.0.113.8, {CLOUDFRONT}", **THROUGH).status == 401


def test_on_another_stage_no_header_changes_the_address(app: App) -> None:
    app.reshape(limits=Limits())
    statuses = [login(f"192.0.2.{number}, {HERE}, {CLOUDFRONT}", **THROUGH).status for number in range(6)]
    assert statuses == [401] * 5 + [429]


def test_a_request_past_cloudfront_is_refused_on_every_route(scenario_behind: Scenario) -> None:
    before = scenario_behind.stored()
    for route in VALID_REQUESTS:
        key, url = scenario_behind.credential(route), scenario_behind.url(route)
        for headers in ({}, {"x-tallybook-edge": SECRET[1:]}):
            answer = handle(gateway_event(route.method, url, key=key, headers=headers))
            assert (answer.status, answer.text) == (403, '{"message": "Forbidden"}'), route
            assert answer.headers["cache-control"] == "no-store"
    assert scenario_behind.stored() == before


@pytest.mark.usefixtures("behind")
def test_the_log_has_the_clients_address_and_not_the_secret(app: App, logged: Callable[[], str]) -> None:
    assert app
    login(f"192.0.2.1, {HERE}, {CLOUDFRONT}", **THROUGH)
    assert f'"ip":"{HERE}"' in logged()
    assert SECRET not in logged()


def test_an_audit_entry_has_the_clients_address(scenario_behind: Scenario) -> None:
    sent = {"x-forwarded-for": f"192.0.2.1, {HERE}, {CLOUDFRONT}", **THROUGH}
    key = scenario_behind.member.api_key
    made = call("POST", "/v1/user-management/api-keys", key=key, body={"name": "ci"}, headers=sent, address=CLOUDFRONT)
    assert made.status == 201
    entries = [item for item in scenario_behind.app.stored("core") if "by" in item]
    assert HERE in {item.get("address") for item in entries}
    assert CLOUDFRONT not in str(entries)
