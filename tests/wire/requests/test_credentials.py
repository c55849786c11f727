"""A credential is read from the first of four places that has one."""

import pytest

from tallybook.domain.errors import Unauthenticated
from tallybook.wire.requests.credentials import (
    SentCredential,
    challenges,
    explain_refusal,
    read_credential,
    session_cookie,
)

COOKIE = "the cookie quota_session"
USERS, PLATFORMS = "a user's API key (sk-...) or session (sess_...)", "a platform key (pk-...)"
USER_PATH, PLATFORM_PATH = "/v1/budgets", "/v1/platform/events"


@pytest.mark.parametrize(
    ("headers", "cookies", "expected"),
    [
        ({"x-api-key": "sk-1"}, {}, SentCredential("sk-1", "X-API-Key")),
        ({"x-api-key": " sk-1 "}, {}, SentCredential("sk-1", "X-API-Key")),
        ({"authorization": "Api-Key sk-1"}, {}, SentCredential("sk-1", "Authorization")),
        ({"authorization": "api-key sk-1"}, {}, SentCredential("sk-1", "Authorization")),
        ({"authorization": "Bearer sess_1"}, {}, SentCredential("sess_1", "Authorization")),
        ({"authorization": "BEARER   sess_1 "}, {}, SentCredential("sess_1", "Authorization")),
        ({}, {"quota_session": "sess_1"}, SentCredential("sess_1", COOKIE)),
        (
            {"x-api-key": "sk-1", "authorization": "Bearer sess_1"},
            {"quota_session": "c"},
            SentCredential("sk-1", "X-API-Key"),
        ),
        ({"authorization": "Bearer sess_1"}, {"quota_session": "c"}, SentCredential("sess_1", "Authorization")),
        ({"x-api-key": ""}, {"quota_session": "c"}, SentCredential("c", COOKIE)),
        ({"authorization": "Basic dTpw"}, {"quota_session": "c"}, SentCredential("c", COOKIE)),
        ({"authorization": "Bearer "}, {"quota_session": "c"}, SentCredential("c", COOKIE)),
    ],
)
def test_a_credential_is_read_from_its_header_or_cookie(
    headers: dict[str, str], cookies: dict[str, str], expected: SentCredential
) -> None:
    assert read_credential(headers, cookies) == expected
    assert expected.by_cookie == (expected.place == COOKIE)


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "sk-1"}, {"x-api-key": ""}]
)
@pytest.mark.parametrize("cookies", [{}, {"quota_session": ""}, {"session": "sess_1"}])
def test_a_request_without_a_credential_is_unauthenticated(headers: dict[str, str], cookies: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        read_credential(headers, cookies)


@pytest.mark.parametrize(
    ("path", "headers", "cookies", "message"),
    [
        (USER_PATH, {}, {}, f": {USERS}, in X-API-Key or Authorization, or a session in {COOKIE}"),
        (
            USER_PATH,
            {"authorization": "Basic dTpw"},
            {},
            f": {USERS}, in X-API-Key or Authorization, or a session in {COOKIE}",
        ),
        (PLATFORM_PATH, {}, {"quota_session": "sess_1"}, f": {PLATFORMS}, in X-API-Key or Authorization"),
        (
            USER_PATH,
            {"authorization": "Bearer null"},
            {"quota_session": "sess_1"},
            f": that in Authorization is not valid; this path takes {USERS}",
        ),
        (USER_PATH, {"x-api-key": "x"}, {}, f": that in X-API-Key is not valid; this path takes {USERS}"),
        (USER_PATH, {}, {"quota_session": "sess_1"}, f": that in {COOKIE} is not valid; this path takes {USERS}"),
        (USER_PATH, {"x-api-key": "pk-1"}, {}, f": X-API-Key has a platform key, but this path takes {USERS}"),
        (
            PLATFORM_PATH,
            {"x-api-key": "sk-1"},
            {},
            f": X-API-Key has a user's API key or session, but this path takes {PLATFORMS}",
        ),
        (
            PLATFORM_PATH,
            {"authorization": "Bearer sess_1"},
            {},
            f": Authorization has a user's API key or session, but this path takes {PLATFORMS}",
        ),
    ],
)
def test_a_401_names_where_a_credential_was_read_and_which_kind_the_path_takes(
    path: str, headers: dict[str, str], cookies: dict[str, str], message: str
) -> None:
    assert explain_refusal(path, headers, cookies) == f"A valid credential is required{message}"


def test_a_path_names_the_schemes_of_its_credentials() -> None:
    assert challenges(USER_PATH) == 'Bearer realm="users", Api-Key realm="users"'
    assert challenges(PLATFORM_PATH) == 'Bearer realm="platform", Api-Key realm="platform"'


def test_a_session_cookie_is_hidden_from_scripts_and_other_sites() -> None:
    cookie = session_cookie("sess_1", max_age=60).split("; ")
    assert cookie[0] == "quota_session=sess_1"
    assert set(cookie[1:]) == {"Path=/", "Max-Age=60", "HttpOnly", "Secure", "SameSite=Lax"}
