"""Where a credential may be: in any header, in a cookie to read, and in a cookie to change only from our origin."""

import pytest

from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import CHANGING_ROUTES, PLATFORM_ROUTES, USER_ROUTES, VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.support.routes import Route

APP = "https://app.example.com"

each_user_route = pytest.mark.parametrize("route", USER_ROUTES, ids=name_of)
each_platform_route = pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_of)


def header_forms(text: str) -> dict[str, dict[str, object]]:
    return {
        "X-API-Key": {"key": text},
        "Authorization: Api-Key": {"headers": {"authorization": f"Api-Key {text}"}},
        "Authorization: Bearer": {"bearer": text},
    }


def spellings(text: str) -> dict[str, dict[str, object]]:
    return {
        "X-API-Key with blanks": {"headers": {"x-api-key": f" {text} "}},
        "X-Api-Key": {"headers": {"X-Api-Key": text}},
        "authorization: api-key": {"headers": {"Authorization": f"api-key {text}"}},
        "Authorization: BEARER": {"headers": {"authorization": f"BEARER {text}"}},
        "Authorization: Bearer with blanks": {"headers": {"authorization": f"Bearer   {text} "}},
    }


@each_user_route
@pytest.mark.parametrize("kind", ["api_key", "session"])
def test_any_credential_is_accepted_in_any_header(scenario: Scenario, route: Route, kind: str) -> None:
    for form, how in header_forms(getattr(scenario.member, kind)).items():
        answer = scenario.reset().request(route, **how)
        assert answer.status == VALID_REQUESTS[route].status, (form, answer.text)


def test_a_header_may_be_spelled_as_clients_do(scenario: Scenario) -> None:
    for text in (scenario.member.api_key, scenario.member.session):
        for spelling, how in spellings(text).items():
            assert scenario.request(Route("GET", "/auth/me"), **how).status == 200, spelling
    for spelling, how in spellings(scenario.platform_key).items():
        assert scenario.request(Route("POST", "/v1/platform/events"), **how).status == 200, spelling


@each_platform_route
def test_a_platform_key_is_accepted_in_any_header(scenario: Scenario, route: Route) -> None:
    for form, how in header_forms(scenario.platform_key).items():
        answer = scenario.reset().request(route, **how)
        assert answer.status == VALID_REQUESTS[route].status, (form, answer.text)


@pytest.mark.parametrize("route", [route for route in USER_ROUTES if route.method == "GET"], ids=name_of)
def test_reading_by_cookie_needs_no_origin(scenario: Scenario, route: Route) -> None:
    for headers in ({}, {"origin": "https://evil.example.com"}, {"origin": APP}):
        answer = scenario.request(route, cookie=f"quota_session={scenario.member.session}", headers=headers)
        assert answer.status == VALID_REQUESTS[route].status


@pytest.mark.parametrize("route", [route for route in CHANGING_ROUTES if route in USER_ROUTES], ids=name_of)
def test_changing_by_cookie_needs_an_allowed_origin(scenario: Scenario, route: Route) -> None:
    cookie = f"quota_session={scenario.member.session}"
    before = scenario.stored()
    for origin in (
        None,
        "",
        "null",
        "https://evil.example.com",
        "http://app.example.com",
        "https://app.example.com.evil.com",
        "https://app.example.com:444",
        "https://app.example.com/",
        f"{APP},https://evil.example.com",
        "https://api.example.com",
    ):
        headers = {} if origin is None else {"origin": origin}
        answer = scenario.request(route, cookie=cookie, headers=headers)
        message = check_refusal(answer, route.path, 403)
        assert message == "With the session cookie, a change needs the header Origin, with an origin that is allowed"
        assert "origin_not_allowed" in answer.text
    referred = scenario.request(route, cookie=cookie, headers={"referer": f"{APP}/settings"})
    assert referred.status == 403
    assert scenario.stored() == before
    assert scenario.request(route, cookie=cookie, headers={"origin": APP}).status == VALID_REQUESTS[route].status


@pytest.mark.parametrize("route", [route for route in CHANGING_ROUTES if route in USER_ROUTES], ids=name_of)
def test_a_bad_credential_in_a_header_is_401_despite_a_cookie(scenario: Scenario, route: Route) -> None:
    cookie = f"quota_session={scenario.member.session}"
    for how in ({"key": "sk-nonsense"}, {"bearer": "sess_nonsense"}):
        assert scenario.request(route, cookie=cookie, headers={"origin": APP}, **how).status == 401


@each_user_route
def test_other_cookies_are_ignored(scenario: Scenario, route: Route) -> None:
    cookie = f"theme=dark; quota_session={scenario.member.session}; consent={{}}; $odd=1"
    assert scenario.request(route, cookie=cookie, headers={"origin": APP}).status == VALID_REQUESTS[route].status
