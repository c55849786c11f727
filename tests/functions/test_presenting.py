"""How a credential may come: in any header on any path, in a cookie for reading, and for changing from our pages."""

import pytest

from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import CHANGING_ROUTES, GOOD, PLATFORM_ROUTES, USER_ROUTES, name_of
from tests.functions.stage import Stage
from tests.support.routes import Route

APP = "https://app.example.com"

each_user_route = pytest.mark.parametrize("route", USER_ROUTES, ids=name_of)
each_platform_route = pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_of)


def ways(text: str) -> dict[str, dict[str, object]]:
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
def test_any_credential_is_taken_in_any_header(stage: Stage, route: Route, kind: str) -> None:
    for way, how in ways(getattr(stage.member, kind)).items():
        answer = stage.again().request(route, **how)
        assert answer.status == GOOD[route].status, (way, answer.text)


def test_a_header_may_be_spelled_as_clients_do(stage: Stage) -> None:
    for text in (stage.member.api_key, stage.member.session):
        for spelling, how in spellings(text).items():
            assert stage.request(Route("GET", "/auth/me"), **how).status == 200, spelling
    for spelling, how in spellings(stage.platform_key).items():
        assert stage.request(Route("POST", "/v1/platform/events"), **how).status == 200, spelling


@each_platform_route
def test_a_platform_key_is_taken_in_any_header(stage: Stage, route: Route) -> None:
    for way, how in ways(stage.platform_key).items():
        answer = stage.again().request(route, **how)
        assert answer.status == GOOD[route].status, (way, answer.text)


@pytest.mark.parametrize("route", [route for route in USER_ROUTES if route.method == "GET"], ids=name_of)
def test_reading_by_cookie_minds_no_origin(stage: Stage, route: Route) -> None:
    for headers in ({}, {"origin": "https://evil.example.com"}, {"origin": APP}):
        answer = stage.request(route, cookie=f"quota_session={stage.member.session}", headers=headers)
        assert answer.status == GOOD[route].status


@pytest.mark.parametrize("route", [route for route in CHANGING_ROUTES if route in USER_ROUTES], ids=name_of)
def test_changing_by_cookie_needs_an_allowed_origin(stage: Stage, route: Route) -> None:
    cookie = f"quota_session={stage.member.session}"
    before = stage.stored()
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
        answer = stage.request(route, cookie=cookie, headers=headers)
        assert check_refusal(answer, route.path, 403) == "This origin is not allowed", origin
        assert "origin_not_allowed" in answer.text
    referred = stage.request(route, cookie=cookie, headers={"referer": f"{APP}/settings"})
    assert referred.status == 403
    assert stage.stored() == before
    assert stage.request(route, cookie=cookie, headers={"origin": APP}).status == GOOD[route].status


@pytest.mark.parametrize("route", [route for route in CHANGING_ROUTES if route in USER_ROUTES], ids=name_of)
def test_a_header_that_does_not_hold_is_not_made_good_by_a_cookie(stage: Stage, route: Route) -> None:
    cookie = f"quota_session={stage.member.session}"
    for how in ({"key": "sk-nonsense"}, {"bearer": "sess_nonsense"}):
        assert stage.request(route, cookie=cookie, headers={"origin": APP}, **how).status == 401


@each_user_route
def test_a_browsers_other_cookies_are_in_nobodys_way(stage: Stage, route: Route) -> None:
    cookie = f"theme=dark; quota_session={stage.member.session}; consent={{}}; $odd=1"
    assert stage.request(route, cookie=cookie, headers={"origin": APP}).status == GOOD[route].status
