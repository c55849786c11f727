"""Paths and queries that no route has are refused in the path's dialect and change nothing."""

import importlib
import re
from urllib.parse import unquote

import pytest

from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import VALID_REQUESTS
from tests.functions.scenario import Scenario
from tests.support.app import App
from tests.support.call import LambdaContext, call, gateway_event
from tests.support.routes import Route, apps, routes


def templates() -> list[str]:
    return sorted({route.path for route in routes()})


def matches(template: str, path: str) -> bool:
    """Whether the path matches the template, with any text for its ids."""
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), unquote(path)) is not None


@pytest.mark.parametrize("path", templates())
def test_a_path_close_to_a_route_is_404_in_its_dialect(scenario: Scenario, path: str) -> None:
    url = scenario.url(Route("", path))
    before = scenario.stored()
    for method in sorted({route.method for route in routes() if route.path == path}):
        for odd in (f"{url}/", f"{url}//", f"{url}/more", f"{url}/%2e%2e", f"{url}%20", f"{url};v=1"):
            answer = call(method, odd, key=scenario.member.api_key, body={})
            if any(matches(template, odd) for template in templates()):
                assert answer.status in (400, 401, 404, 405), "the suffix may be part of an id"
                check_refusal(answer, path, answer.status)
            else:
                assert check_refusal(answer, path, 404) == "There is nothing at this path", odd
    assert scenario.stored() == before


ODD_PATHS = [
    "/v1/user-management/%00",
    "/v1/%FF%FE",
    "/v1/billing/%E2%82",
    "/v1//billing/current",
    "//v1/billing/current",
    "/V1/billing/current",
    "/v1/billing/Current",
    "/v1/billing/current%3Fx=1",
    "/v1/billing/current%23",
    "/%0d%0aSet-Cookie:x",
    "/v1/billing/../billing/current",
    "/v1/" + "a" * 8000,
    "/" + "a/" * 4000,
    "/{path}",
    "/%s%n%d",
    "/docs",
    "/redoc",
    "/openapi.json",
]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_an_odd_path_is_404(app: App, path: str) -> None:
    answer = call("GET", path)
    assert check_refusal(answer, "/v1", 404) == "There is nothing at this path"
    assert "set-cookie" not in answer.headers


KEYS = "/v1/user-management/api-keys"
PAGED = (
    KEYS,
    "/v1/user-management/users",
    "/v1/user-management/audit-log",
    "/v1/user-management/account/subscription/history",
    "/v1/user-management/quota-allocations",
    "/v1/user-management/quota-requests",
    "/v1/usage/quota-requests",
    "/v1/budgets/messages",
    "/v1/billing/invoices",
)


@pytest.mark.parametrize("path", PAGED)
def test_paging_takes_whole_numbers_and_ignores_the_rest(scenario: Scenario, path: str) -> None:
    plain = ("", "?", "?&", "?&&=", "?=", "?x", "?x=%00", "?x=%FF", "?limit=", "?page=", "?page=&limit=")
    right = ("?limit=1&page_size=5", "?limit=&page_size=5", "?limit=5&page_size=abc", "?limit=05", "?%6cimit=5")
    for query in (*plain, *right, "?page=1000000000", "?limit=100", "?limit=0&limit=5"):
        answer = call("GET", path + query, key=scenario.member.api_key)
        assert answer.status == 200, (query, answer.text)


@pytest.mark.parametrize("path", PAGED)
@pytest.mark.parametrize("name", ["page", "limit", "page_size"])
def test_a_wrong_page_or_limit_is_refused_by_its_name(scenario: Scenario, path: str, name: str) -> None:
    most = 1_000_000_000 if name == "page" else 100
    bad = ("0", "-1", "abc", "1.5", "1e1", "+1", "%201", "0x10", "%D9%A1", "%00", "NaN", "1_0", "%EF%BC%91")
    for value in (*bad, "9" * 5000, str(most + 1), f"5&{name}=0"):
        answer = call("GET", f"{path}?{name}={value}", key=scenario.member.api_key)
        assert check_refusal(answer, path) == f"{name} must be a whole number from 1 to {most}", value


def test_limit_takes_precedence_over_page_size(scenario: Scenario) -> None:
    assert check_refusal(call("GET", f"{KEYS}?limit=0&page_size=5", key=scenario.member.api_key), KEYS).startswith(
        "limit"
    )
    answer = call("GET", f"{KEYS}?limit=1&page_size=5", key=scenario.member.api_key)
    assert answer.json["data"]["pagination"]["limit"] == 1


def test_no_function_serves_a_schema_or_a_console() -> None:
    for name, function in apps().items():
        assert (function.docs_url, function.redoc_url, function.openapi_url) == (None, None, None), name


def test_answers_are_json_or_our_pages_and_are_not_cached(scenario: Scenario) -> None:
    for route, valid in VALID_REQUESTS.items():
        answer = scenario.request(route, key=scenario.credential(route))
        assert answer.status == valid.status
        expected = "text/html; charset=utf-8" if valid.is_page else "application/json"
        assert answer.headers["content-type"] == expected
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/nothing", "/auth/me", "/v1/budgets", "/account/nothing", "/v1/platform/events"])
def test_refusals_are_not_sniffed_and_ask_for_https_too(app: App, path: str) -> None:
    answer = call("POST", path, raw=b"{")
    assert answer.status >= 400
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("sent", [{"x-forwarded-proto": "http"}, {"x-forwarded-proto": ""}, {}])
def test_without_https_an_answer_does_not_ask_for_it(sent: dict[str, str]) -> None:
    event = gateway_event("GET", "/nothing")
    del event["headers"]["x-forwarded-proto"]
    event["headers"] |= sent
    headers = importlib.import_module("accounts.app").handler(event, LambdaContext())["headers"]
    assert "strict-transport-security" not in headers
    assert headers["x-content-type-options"] == "nosniff"


def test_our_pages_have_a_content_security_policy(scenario: Scenario) -> None:
    for route in [route for route, request in VALID_REQUESTS.items() if request.is_page]:
        answer = scenario.request(route)
        assert answer.text.startswith("<!DOCTYPE html>")
        source = "'none'" if route.path == "/auth/errors" else "'sha256-"
        assert f"script-src {source}" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
