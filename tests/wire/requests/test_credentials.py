"""A credential is read from the first of four places that has one."""

import pytest

from tallybook.domain.errors import Unauthenticated
from tallybook.wire.requests.credentials import SentCredential, read_credential, session_cookie


@pytest.mark.parametrize(
    ("headers", "cookies", "expected"),
    [
        ({"x-api-key": "sk-1"}, {}, SentCredential("sk-1")),
        ({"x-api-key": " sk-1 "}, {}, SentCredential("sk-1")),
        ({"authorization": "Api-Key sk-1"}, {}, SentCredential("sk-1")),
        ({"authorization": "api-key sk-1"}, {}, SentCredential("sk-1")),
        ({"authorization": "Bearer sess_1"}, {}, SentCredential("sess_1")),
        ({"authorization": "BEARER   sess_1 "}, {}, SentCredential("sess_1")),
        ({}, {"quota_session": "sess_1"}, SentCredential("sess_1", by_cookie=True)),
        ({"x-api-key": "sk-1", "authorization": "Bearer sess_1"}, {"quota_session": "c"}, SentCredential("sk-1")),
        ({"authorization": "Bearer sess_1"}, {"quota_session": "c"}, SentCredential("sess_1")),
        ({"x-api-key": ""}, {"quota_session": "c"}, SentCredential("c", by_cookie=True)),
        ({"authorization": "Basic dTpw"}, {"quota_session": "c"}, SentCredential("c", by_cookie=True)),
        ({"authorization": "Bearer "}, {"quota_session": "c"}, SentCredential("c", by_cookie=True)),
    ],
)
def test_a_credential_is_read_from_its_header_or_cookie(
    headers: dict[str, str], cookies: dict[str, str], expected: SentCredential
) -> None:
    assert read_credential(headers, cookies) == expected


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "sk-1"}, {"x-api-key": ""}]
)
@pytest.mark.parametrize("cookies", [{}, {"quota_session": ""}, {"session": "sess_1"}])
def test_a_request_without_a_credential_is_unauthenticated(headers: dict[str, str], cookies: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        read_credential(headers, cookies)


def test_a_session_cookie_is_hidden_from_scripts_and_other_sites() -> None:
    cookie = session_cookie("sess_1", max_age=60).split("; ")
    assert cookie[0] == "quota_session=sess_1"
    assert set(cookie[1:]) == {"Path=/", "Max-Age=60", "HttpOnly", "Secure", "SameSite=Lax"}
