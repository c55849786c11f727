"""Without a valid credential every route answers a 401, which names where it was read, but gives no reason."""

from collections.abc import Iterator

import pytest

from tallybook.domain.credentials import format_platform_key
from tests.functions.bad_credentials import APP, UNKNOWN, BadCredentials, alter_secret, requests_without_credential
from tests.functions.refusal import code_of
from tests.functions.route_catalog import PLATFORM_ROUTES, PUBLIC_ROUTES, USER_ROUTES, VALID_REQUESTS, name_of
from tests.functions.scenario import Scenario
from tests.support.app import App
from tests.support.call import Answer
from tests.support.routes import Route, routes

each_user_route = pytest.mark.parametrize("route", USER_ROUTES, ids=name_of)
each_platform_route = pytest.mark.parametrize("route", PLATFORM_ROUTES, ids=name_of)


@pytest.fixture(scope="module")
def _known() -> list[BadCredentials]:
    return []


@pytest.fixture
def bad_credentials(scenario: Scenario, app: App, _known: list[BadCredentials]) -> BadCredentials:
    if not _known:
        _known.append(BadCredentials.of(scenario))
    return _known[0].reset(app)


def test_every_route_has_a_valid_request_in_the_catalog() -> None:
    assert set(VALID_REQUESTS) == set(routes())


@pytest.mark.parametrize("route", VALID_REQUESTS, ids=name_of)
def test_the_valid_request_succeeds(scenario: Scenario, route: Route) -> None:
    answer = scenario.request(route, key=scenario.credential(route))
    assert answer.status == VALID_REQUESTS[route].status, answer.text


def test_all_valid_requests_succeed_one_after_the_other(scenario: Scenario) -> None:
    for route, valid in VALID_REQUESTS.items():
        assert scenario.request(route, key=scenario.credential(route)).status == valid.status, route


@pytest.mark.parametrize("route", PUBLIC_ROUTES, ids=name_of)
def test_public_routes_ignore_credentials(scenario: Scenario, route: Route) -> None:
    assert (
        scenario.request(route, key="sk-nonsense", cookie="quota_session=nonsense").status
        == VALID_REQUESTS[route].status
    )


USERS, PLATFORMS = "a user's API key (sk-...) or session (sess_...)", "a platform key (pk-...)"


def check_same_refusal(answers: Iterator[tuple[str, str, Answer]], *, wanted: str) -> None:
    """The answers to credentials that were read at one place are the same 401, to the byte; but for a wrong kind."""
    texts: dict[str, set[str]] = {}
    for name, place, answer in answers:
        assert (answer.status, code_of(answer)) == (401, "unauthorized"), name
        assert wanted in answer.text, name
        assert place in answer.text, name
        realm = "users" if wanted == USERS else "platform"
        assert answer.headers["www-authenticate"] == f'Bearer realm="{realm}", Api-Key realm="{realm}"'
        texts.setdefault(place, set()).add(answer.text)
    assert {place for place, different in texts.items() if len(different) > 1} == set(), texts


def place_of(text: str, place: str, *, other: tuple[str, ...], kind: str) -> str:
    """How the answer names a credential that was read at this place: also its kind, if the path takes no such."""
    return f"{place} has {kind}" if text.startswith(other) else f"that in {place} is not valid"


@each_user_route
def test_every_bad_credential_gets_the_same_401(bad_credentials: BadCredentials, route: Route) -> None:
    scenario, former = bad_credentials.scenario, bad_credentials.former
    before = scenario.stored()

    def place(text: str, place: str) -> str:
        return place_of(text, place, other=("pk-",), kind="a platform key")

    def answers() -> Iterator[tuple[str, str, Answer]]:
        for name, how in requests_without_credential(scenario.member.api_key).items():
            yield name, "that in X-API-Key" if name == "blank key" else f": {USERS}, in", scenario.request(route, **how)
        for name, text in (former | bad_credentials.never_issued).items():
            yield name, place(text, "X-API-Key"), scenario.request(route, key=text)
        for name, text in former.items():
            if "key" in name:
                continue
            cookie = scenario.request(route, cookie=f"quota_session={text}", headers={"origin": APP})
            yield f"{name}, bearer", place(text, "Authorization"), scenario.request(route, bearer=text)
            yield f"{name}, cookie", place(text, "the cookie quota_session"), cookie

    check_same_refusal(answers(), wanted=USERS)
    assert scenario.stored() == before


@each_platform_route
def test_a_platform_route_takes_only_a_valid_platform_key(bad_credentials: BadCredentials, route: Route) -> None:
    scenario = bad_credentials.scenario
    keys = {name: text for name, text in bad_credentials.never_issued.items() if name != "platform key"} | {
        "user's key": scenario.member.api_key,
        "user's session": scenario.member.session,
        "colleague's key": scenario.colleague.api_key,
        "unknown platform key": format_platform_key(key_id=UNKNOWN, secret=b"s" * 32),
        "platform key with its end changed": alter_secret(scenario.platform_key),
        "platform key called a key": scenario.platform_key.replace("pk-", "sk-"),
        "platform prefix alone": "pk-",
        **bad_credentials.former_platform_keys,
    }
    before = scenario.stored()

    def answers() -> Iterator[tuple[str, str, Answer]]:
        absent = f": {PLATFORMS}, in"
        for name, how in requests_without_credential(scenario.platform_key).items():
            yield name, "that in X-API-Key" if name == "blank key" else absent, scenario.request(route, **how)
        cookie = f"quota_session={scenario.platform_key}"
        yield "as a cookie", absent, scenario.request(route, cookie=cookie, headers={"origin": APP})
        for name, text in keys.items():
            place = place_of(text, "X-API-Key", other=("sk-", "sess_"), kind="a user's API key or session")
            yield name, place, scenario.request(route, key=text)

    check_same_refusal(answers(), wanted=PLATFORMS)
    assert scenario.stored() == before


@each_user_route
def test_a_401_names_the_credential_that_was_read_beside_a_good_cookie(scenario: Scenario, route: Route) -> None:
    cookie = f"quota_session={scenario.member.session}"
    answer = scenario.request(route, bearer="null", cookie=cookie, headers={"origin": APP})
    assert answer.status == 401
    assert "that in Authorization is not valid" in answer.text
    assert "null" not in answer.json.values()
