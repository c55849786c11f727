"""/auth/*: register, login, me, logout. Source: decisions, "Quota"."""

from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.app import PASSWORD, App
from tests.support.call import Answer, call

ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada Lovelace"}


def register(**changes: Any) -> Answer:
    return call("POST", "/auth/register", body={**ADA, **changes})


def login(**changes: Any) -> Answer:
    return call("POST", "/auth/login", body={"email": ADA["email"], "password": PASSWORD, **changes})


def refusal(answer: Answer) -> tuple[int, str]:
    code = expect(answer, answer.status, "error_quota")["error"]["code"]
    assert answer.json["error"]["docs_url"].startswith("https://")
    return answer.status, code


def test_registering_answers_with_user_credit_and_a_24_hour_session(app: App) -> None:
    data = expect(register(), 201, "auth_signed_in")
    assert (data["user"]["email"], data["user"]["balance"]) == ("ada@example.com", 1_000_000)
    assert data["expires_at"] == "2026-04-21T12:34:56.000Z"
    me = expect(call("GET", "/auth/me", bearer=data["session_token"]), 200, "auth_me")
    assert me == {"user": data["user"]}


def test_registering_stores_account_root_subscription_and_an_entry(app: App) -> None:
    session = register().json["session_token"]
    me = call("GET", "/v1/user-management/users/me", bearer=session).json["data"]["user"]
    assert (me["is_root_user"], me["role"], me["status"], me["display_name"]) == (
        True,
        "admin",
        "active",
        "Ada Lovelace",
    )
    body = call("GET", "/v1/user-management/account/subscription", bearer=session).json["data"]["subscription"]
    assert (body["account_id"], body["plan"]["is_free"]) == (me["account_id"], True)
    entries = [item for item in app.stored("core") if item["sk"].startswith("ENTRY#")]
    assert [(entry["kind"], entry["amount"]) for entry in entries] == [("welcome", 1_000_000)]


def test_an_address_is_one_address_in_any_case(app: App) -> None:
    assert register(email=" Ada@Example.COM ").json["user"]["email"] == "ada@example.com"
    assert refusal(register(email="ADA@example.com")) == (409, "email_exists")
    assert login(email="aDa@eXample.com").status == 200


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "ada"}, "invalid_email"),
        ({"email": "ada@example"}, "invalid_email"),
        ({"email": "ada@example.com\u0000"}, "invalid_email"),
        ({"email": "ada lovelace@example.com"}, "invalid_email"),
        ({"email": ""}, "invalid_email"),
        ({"email": "a@-bad-.com"}, "invalid_email"),
        ({"email": "a@1.2.3.4"}, "invalid_email"),
        ({"email": "a" * 65 + "@example.com"}, "invalid_email"),
        ({"email": None}, "invalid_email"),
        ({"email": 5}, "invalid_email"),
        ({"password": "seven77"}, "weak_password"),
        ({"password": ""}, "weak_password"),
        ({"name": " "}, "invalid_name"),
        ({"name": "x" * 101}, "invalid_name"),
        ({"name": "line\nbreak"}, "invalid_name"),
        ({"name": 5}, "invalid_name"),
    ],
)
def test_what_cannot_be_registered_is_refused_with_the_fields_code(
    app: App, changes: dict[str, Any], code: str
) -> None:
    assert refusal(register(**changes)) == (400, code)
    assert not [item for item in app.stored("core") if item["pk"].startswith(("ACCOUNT#", "EMAIL#"))]


@pytest.mark.parametrize("password", ["eight888", "пароль-пароль", "🔑🔑🔑🔑🔑🔑🔑🔑", "nul\u0000inside", "x" * 1024])
def test_a_password_of_eight_characters_works_only_in_full(app: App, password: str) -> None:
    assert register(password=password).status == 201
    assert login(password=password).status == 200
    assert refusal(login(password=password[:-1])) == (401, "invalid_credentials")


def test_a_login_gives_another_session_and_leaves_the_first(app: App) -> None:
    first = register().json["session_token"]
    app.clock.advance(hours=2)
    data = expect(login(), 200, "auth_signed_in")
    assert data["expires_at"] == "2026-04-21T14:34:56.000Z"
    assert data["session_token"] != first
    assert all(call("GET", "/auth/me", bearer=token).status == 200 for token in (first, data["session_token"]))


def test_a_session_ends_after_24_hours_to_the_second(app: App) -> None:
    session = register().json["session_token"]
    app.clock.moment = datetime(2026, 4, 21, 12, 34, 55, tzinfo=UTC)
    assert call("GET", "/auth/me", bearer=session).status == 200
    app.clock.advance(seconds=1)
    assert refusal(call("GET", "/auth/me", bearer=session)) == (401, "unauthorized")


def test_a_logout_ends_this_session_and_no_other(app: App) -> None:
    first, second = register().json["session_token"], login().json["session_token"]
    assert expect(call("POST", "/auth/logout", bearer=first), 200, "auth_logout") == {"success": True}
    assert refusal(call("POST", "/auth/logout", bearer=first)) == (401, "unauthorized")
    assert call("GET", "/auth/me", bearer=second).status == 200


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(app: App) -> None:
    for answer in (register(), login()):
        (text,) = answer.cookies
        (cookie,) = SimpleCookie(text).values()
        assert (cookie.key, cookie.value) == ("quota_session", answer.json["session_token"])
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["max-age"], cookie["path"]) == ("86400", "/")


def test_pages_of_other_origins_cannot_sign_a_browser_in(app: App) -> None:
    register()
    body = {"email": ADA["email"], "password": PASSWORD}
    given = {
        origin: len(call("POST", "/auth/login", body=body, headers={"origin": origin}).cookies)
        for origin in ("https://app.example.com", "https://evil.example.com", "null")
    }
    assert given == {"https://app.example.com": 1, "https://evil.example.com": 0, "null": 0}


def test_a_logout_deletes_the_cookie(app: App) -> None:
    (text,) = call("POST", "/auth/logout", bearer=register().json["session_token"]).cookies
    (cookie,) = SimpleCookie(text).values()
    assert (cookie.key, cookie.value, cookie["max-age"]) == ("quota_session", "", "0")
    assert (cookie["httponly"], cookie["secure"], cookie["path"]) == (True, True, "/")


def test_every_failed_login_gets_the_same_answer(app: App) -> None:
    register()
    answers = [
        login(password="wrong horse battery"),
        login(email="nobody@example.com"),
        login(email="no address at all"),
        login(email=""),
        login(password=""),
    ]
    assert {refusal(answer) for answer in answers} == {(401, "invalid_credentials")}
    assert len({answer.text for answer in answers}) == 1
    assert not any(answer.cookies for answer in answers)


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_a_suspended_user_is_refused_only_after_the_right_password(app: App, status: str) -> None:
    member = app.member("ada@example.com")
    app.change_user(member, status=status)
    assert refusal(login()) == (403, f"user_{status}")
    assert refusal(login(password="wrong horse battery")) == (401, "invalid_credentials")


@pytest.mark.parametrize("what", ["user", "account"])
def test_deleted_users_cannot_log_in(app: App, what: str) -> None:
    member = app.member("ada@example.com")
    (app.change_user if what == "user" else app.change_account)(member, status="deleted")
    assert refusal(login()) == (401, "invalid_credentials")
