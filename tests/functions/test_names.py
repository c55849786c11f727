"""The dialects ignore unknown names, the platform's paths refuse them; a filter's wrong value is refused everywhere."""

import json
from typing import Any

import pytest

from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import GET_ROUTES, PLATFORM_ROUTES, VALID_REQUESTS, WITH_BODY, name_of
from tests.functions.scenario import Scenario
from tests.support.call import Answer, call
from tests.support.routes import Route

EVENTS = Route("POST", "/v1/platform/events")
MORE = {
    "unknown": {"deep": [1, None]},
    "__class__": "x",
    "": 0,
    "status": "deleted",
    "is_root": True,
    "balance": 10**9,
}
FILTERS = {
    ("/v1/user-management/quota-allocations", "include_inactive"): ("true or false", "TRUE 1 false 0"),
    ("/v1/user-management/quota-requests", "status"): ("one of pending, approved, denied", "pending approved denied"),
    ("/v1/usage/quota-requests", "status"): ("one of pending, approved, denied", "pending approved denied"),
}


def send(scenario: Scenario, route: Route, **how: Any) -> Answer:
    return scenario.request(route, key=scenario.credential(route), **how)


@pytest.mark.parametrize("route", [route for route in WITH_BODY if route not in PLATFORM_ROUTES], ids=name_of)
def test_the_dialects_ignore_unknown_fields(scenario: Scenario, route: Route) -> None:
    answer = send(scenario, route, body={**MORE, **VALID_REQUESTS[route].body(scenario)})
    assert answer.status == VALID_REQUESTS[route].status, answer.text
    account = scenario.app.account_of(scenario.member)
    assert account.status == "active"
    assert account.wallet.balance < 10**9


@pytest.mark.parametrize("route", [route for route in PLATFORM_ROUTES if route != EVENTS], ids=name_of)
def test_the_platforms_paths_refuse_an_unknown_field_by_its_name(scenario: Scenario, route: Route) -> None:
    before, valid = scenario.stored(), VALID_REQUESTS[route].body(scenario) or {}
    for name, value in (MORE | {"x" * 5000: 1, "a\u0000": 1}).items():
        raw = json.dumps({name: value, **valid}).encode()
        message = check_refusal(send(scenario, route, raw=raw), route.path)
        assert message.startswith(f"This path has no field {name[:64] or '(empty)'}; it has ")
        assert all(field in message for field in valid)
    assert scenario.stored() == before


def test_all_unknown_fields_are_named_up_to_three(scenario: Scenario) -> None:
    route = Route("POST", "/v1/platform/credits")
    body = {**VALID_REQUESTS[route].body(scenario), **dict.fromkeys(["one", "two", "three", "four"], 1)}
    assert "no field one, two, three; it has account_id" in check_refusal(send(scenario, route, body=body), route.path)


@pytest.mark.parametrize("route", [route for route in PLATFORM_ROUTES if route not in WITH_BODY], ids=name_of)
def test_a_platforms_path_without_fields_takes_an_empty_object(scenario: Scenario, route: Route) -> None:
    for raw in (b"", b" \n", b"{}"):
        assert send(scenario.reset(), route, raw=raw).status == VALID_REQUESTS[route].status
    for raw in (b"\xff", b"[]", b"null", b"[" * 60_000):
        check_refusal(send(scenario, route, raw=raw), route.path)


@pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_of)
def test_the_platforms_paths_refuse_an_unknown_parameter_by_its_name(scenario: Scenario, route: Route) -> None:
    before, body = scenario.stored(), VALID_REQUESTS[route].body(scenario)
    for query, name in (
        ("x=1", "x"),
        ("dry_run", "dry_run"),
        ("page=1&limit=5", "page, limit"),
        ("a" * 8000, "a" * 64),
    ):
        url = f"{scenario.url(route)}?{query}"
        message = check_refusal(call(route.method, url, key=scenario.platform_key, body=body), route.path)
        assert message == f"This path has no parameter {name}; it has none"
        assert call(route.method, url, key="pk-nonsense", body=body).status == 401
    assert scenario.stored() == before
    for query in ("?", "?&", "?&&=", "?="):
        answer = call(route.method, scenario.reset().url(route) + query, key=scenario.platform_key, body=body)
        assert answer.status == (400 if "=" in query else VALID_REQUESTS[route].status), query


@pytest.mark.parametrize("route", GET_ROUTES, ids=name_of)
def test_the_dialects_ignore_unknown_parameters(scenario: Scenario, route: Route) -> None:
    for query in ("?", "?&", "?x=1&x=2", "?%FF=%00", "?[]=1", "?" + "a" * 8000, "?api_key=sk-x"):
        answer = call(route.method, scenario.url(route) + query, key=scenario.credential(route))
        assert answer.status == VALID_REQUESTS[route].status, query
    if '"pagination"' not in answer.text:
        answer = call(route.method, f"{scenario.url(route)}?page=abc", key=scenario.credential(route))
        assert answer.status == VALID_REQUESTS[route].status


@pytest.mark.parametrize(("path", "name"), FILTERS)
def test_a_filters_wrong_value_is_refused_with_the_values_that_it_takes(
    scenario: Scenario, path: str, name: str
) -> None:
    rule, right = FILTERS[path, name]
    for value in ("bogus", "Pending", "pending,denied", "%00", "null", "2", "x" * 5000):
        answer = call("GET", f"{path}?{name}={value}", key=scenario.member.api_key)
        assert check_refusal(answer, path) == f"{name} must be {rule}", value
    for value in ("", *right.split()):
        assert call("GET", f"{path}?{name}={value}", key=scenario.member.api_key).status == 200, value


def test_an_event_may_have_attributes_that_are_not_ours(scenario: Scenario) -> None:
    event = VALID_REQUESTS[EVENTS].body(scenario)
    event = {**event, "traceparent": "00-1", "data": {**event["data"], "host": "metal-7"}}
    assert send(scenario, EVENTS, body=event).json["data"]["accepted"] == 1
