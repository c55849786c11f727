"""Each path answers its methods, HEAD and OPTIONS; any other is 405 in the dialect of the path, and changes nothing."""

import pytest

from tests.functions.refusal import check_refusal
from tests.functions.route_catalog import GET_ROUTES, VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.support.call import Answer, call
from tests.support.routes import Route, routes

USERS = "/v1/user-management/users"


def templates() -> list[str]:
    return sorted({route.path for route in routes()})


def methods_of(path: str) -> set[str]:
    """The methods of the path's routes, with HEAD for GET, and OPTIONS."""
    methods = {route.method for route in routes() if route.path == path}
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


def allowed_by(answer: Answer) -> set[str]:
    return set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize("path", templates())
def test_any_other_method_is_405_and_names_the_methods_of_the_path(scenario: Scenario, path: str) -> None:
    url, known = scenario.url(Route("", path)), methods_of(path)
    before = scenario.stored()
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"} - known:
        answer = call(method, url, key=scenario.member.api_key, body={})
        assert allowed_by(answer) == known, method
        if method == "HEAD":
            assert (answer.status, answer.text) == (405, "")
        else:
            assert check_refusal(answer, path, 405) == "This method is not allowed here", method
    assert scenario.stored() == before


@pytest.mark.parametrize("path", templates())
def test_options_names_the_methods_of_the_path(scenario: Scenario, path: str) -> None:
    answer = call("OPTIONS", scenario.url(Route("", path)))
    assert (answer.status, answer.text, allowed_by(answer)) == (204, "", methods_of(path))


@pytest.mark.parametrize("route", GET_ROUTES, ids=name_of)
def test_head_has_the_status_and_headers_of_get_and_no_body(scenario: Scenario, route: Route) -> None:
    for credential in (scenario.credential(route), None):
        got = call("GET", scenario.url(route), key=credential)
        head = call("HEAD", scenario.url(route), key=credential)
        assert (head.status, head.headers, head.text) == (got.status, got.headers, "")
        assert head.headers["content-length"] == str(len(got.text.encode()))
    assert got.status == (200 if VALID_REQUESTS[route].caller == "public" else 401)


@pytest.mark.parametrize("route", [route for route in GET_ROUTES if VALID_REQUESTS[route].caller != "public"])
def test_head_by_cookie_needs_no_origin_as_get(scenario: Scenario, route: Route) -> None:
    cookie = f"quota_session={scenario.member.session}"
    assert call("HEAD", scenario.url(route), cookie=cookie).status == VALID_REQUESTS[route].status


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
def test_an_unknown_path_is_404_for_any_method(scenario: Scenario, method: str) -> None:
    answer = call(method, "/v1/nothing")
    assert answer.status == 404
    assert "allow" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/nothing", "/auth/nothing", "/v1/platform/nothing", "/nothing", "/v1/budgets"])
def test_a_preflight_of_any_path_succeeds_so_that_its_answer_is_read(scenario: Scenario, path: str) -> None:
    asks = {"origin": "https://app.example.com", "access-control-request-method": "GET"}
    assert call("OPTIONS", path, headers=asks).status == 204
    assert call("GET", path, headers={"origin": asks["origin"]}).status in (401, 404)


@pytest.mark.parametrize(("method", "path"), [("PUT", "me"), ("DELETE", "me"), ("POST", "me/invitation")])
def test_a_method_that_me_does_not_have_is_not_named(scenario: Scenario, method: str, path: str) -> None:
    answer = call(method, f"{USERS}/{path}", key=scenario.member.api_key, body={})
    assert check_refusal(answer, USERS, 405)
    assert allowed_by(answer) == {"GET", "HEAD", "OPTIONS"} if path == "me" else {"OPTIONS"}
