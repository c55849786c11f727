"""/v1/user-management/api-keys: created, listed, revoked. Source: decisions, "ScaleBox" and "One identity"."""

from dataclasses import replace
from typing import Any

import pytest

from tallybook.domain.credentials import SESSION_LIFE, Credential, format_credential, hash_text
from tallybook.store.credentials import put_credential
from tallybook.store.users import put_user
from tests.contract.examples import example, expect
from tests.support.app import App, Member
from tests.support.call import Answer, call

PATH = "/v1/user-management/api-keys"
UNKNOWN = "019d0000-0000-7000-8000-000000000000"


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


def create(member: Member, **body: Any) -> Answer:
    return call("POST", PATH, bearer=member.session, body={"name": "ci", **body})


def names(member: Member, query: str = "") -> list[str]:
    data = expect(call("GET", PATH + query, bearer=member.session), 200, "api_keys")["data"]
    return [key["name"] for key in data["api_keys"]]


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]


def test_the_secret_is_shown_at_creation_and_never_again(app: App, member: Member) -> None:
    app.clock.advance(minutes=1)
    created = expect(create(member), 201, "api_key_created")["data"]
    assert call("GET", PATH, key=created["api_key"]).status == 200
    listed = call("GET", PATH, bearer=member.session)
    row = listed.json["data"]["api_keys"][0]
    assert created["api_key"] not in listed.text
    assert row == {name: value for name, value in created.items() if name != "api_key"} | {
        "last_used_at": "2026-04-20T12:35:56Z"
    }


def test_keys_are_listed_newest_first_in_pages(app: App, member: Member) -> None:
    for number in range(4):
        app.clock.advance(minutes=1)
        create(member, name=f"key {number}")
    assert names(member) == ["key 3", "key 2", "key 1", "key 0", "test"]
    assert names(member, "?limit=2&page=2") == ["key 1", "key 0"]
    assert names(member, "?page_size=2&page=3") == ["test"]


@pytest.mark.parametrize(
    ("query", "pagination"),
    [
        ("", (1, 50, 3, 1, 0)),
        ("?", (1, 50, 3, 1, 0)),
        ("?limit=2", (1, 2, 3, 2, 0)),
        ("?limit=2&page=2", (2, 2, 3, 2, 2)),
        ("?page_size=3", (1, 3, 3, 1, 0)),
        ("?limit=1&page_size=5", (1, 1, 3, 3, 0)),
        ("?limit=100", (1, 100, 3, 1, 0)),
        ("?page=7", (7, 50, 3, 1, 300)),
        ("?unknown=1&page=1", (1, 50, 3, 1, 0)),
    ],
)
def test_the_pagination_has_page_limit_and_totals(
    app: App, member: Member, query: str, pagination: tuple[int, ...]
) -> None:
    create(member)
    create(member)
    data = call("GET", PATH + query, bearer=member.session).json["data"]
    assert not example("pagination").differences(data["pagination"])
    assert tuple(data["pagination"].values()) == pagination
    page, limit, total, _, offset = pagination
    assert len(data["api_keys"]) == max(0, min(limit, total - offset)), page


def test_an_empty_list_has_no_pages(app: App, member: Member) -> None:
    key_id = call("GET", PATH, bearer=member.session).json["data"]["api_keys"][0]["api_key_id"]
    expect(call("DELETE", f"{PATH}/{key_id}", bearer=member.session), 200, "message")
    data = call("GET", PATH, bearer=member.session).json["data"]
    assert data == {
        "api_keys": [],
        "pagination": {"page": 1, "limit": 50, "total": 0, "total_pages": 0, "offset": 0},
    }


def test_a_revoked_key_is_refused_at_once_and_cannot_be_revoked_again(app: App, member: Member) -> None:
    created = create(member).json["data"]
    path = f"{PATH}/{created['api_key_id']}"
    assert expect(call("DELETE", path, key=created["api_key"]), 200, "message")["message"] == "API key revoked"
    assert refusal(call("GET", PATH, key=created["api_key"])) == (401, "unauthorized")
    assert refusal(call("DELETE", path, bearer=member.session)) == (404, "not_found")


@pytest.mark.parametrize("id", ["key-unknown", "key-019db0f2-5270-7000-8000-000000000000", "key-" + "a" * 64])
def test_an_unknown_id_is_404(app: App, member: Member, id: str) -> None:
    assert refusal(call("DELETE", f"{PATH}/{id}", bearer=member.session)) == (404, "not_found")


@pytest.mark.parametrize("id", ["unknown", "key-", "key-a_b", "KEY-a", "key-" + "a" * 65, "usr-1", "key-%C3%A9", "%00"])
def test_a_malformed_id_is_400(app: App, member: Member, id: str) -> None:
    answer = call("DELETE", f"{PATH}/{id}", bearer=member.session)
    assert refusal(answer) == (400, "invalid_request")
    assert "api_key_id" in answer.json["message"]


def test_another_accounts_key_cannot_be_seen_or_revoked(app: App, member: Member) -> None:
    other_member = app.member()
    created = create(member).json["data"]
    assert names(other_member) == ["test"]
    assert refusal(call("DELETE", f"{PATH}/{created['api_key_id']}", bearer=other_member.session)) == (404, "not_found")
    assert call("GET", PATH, key=created["api_key"]).status == 200


def test_a_key_expires_at_its_expiry_instant(app: App, member: Member) -> None:
    created = expect(create(member, expires_at="2026-04-20T15:34:56.000+02:00"), 201, "api_key_created")["data"]
    assert created["expires_at"] == "2026-04-20T13:34:56Z"
    app.clock.advance(minutes=59, seconds=59)
    assert call("GET", PATH, key=created["api_key"]).status == 200
    app.clock.advance(seconds=1)
    assert refusal(call("GET", PATH, key=created["api_key"])) == (401, "unauthorized")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "bell\u0007", "del\u007f", "line\nbreak"])
def test_a_name_has_1_to_100_characters_and_no_control_characters(app: App, member: Member, name: str) -> None:
    answer = create(member, name=name)
    assert refusal(answer) == (400, "invalid_name")
    assert answer.json["message"].startswith("name ")
    assert names(member) == ["test"]


@pytest.mark.parametrize(
    "expires_at",
    [
        "2026-04-20T12:34:56Z",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2027-02-30T00:00:00Z",
        "2027-01-01",
        "2027-01-01T00:00:00",
        "tomorrow",
        "",
        1_893_456_000,
    ],
)
def test_an_expiry_must_be_a_future_instant(app: App, member: Member, expires_at: Any) -> None:
    answer = create(member, expires_at=expires_at)
    assert refusal(answer) == (400, "invalid_request")
    assert answer.json["message"].startswith("expires_at")
    assert names(member) == ["test"]


def test_a_suspended_account_lists_and_revokes_but_makes_no_key(app: App, member: Member) -> None:
    app.change_account(member, status="suspended")
    assert refusal(create(member)) == (403, "account_suspended")
    key_id = call("GET", PATH, bearer=member.session).json["data"]["api_keys"][0]["api_key_id"]
    assert call("DELETE", f"{PATH}/{key_id}", bearer=member.session).status == 200


def test_a_new_user_can_create_an_api_key_by_session(app: App) -> None:
    body = {"email": "ada@example.com", "password": "correct horse battery"}
    session = call("POST", "/auth/register", body=body).json["session_token"]
    created = call("POST", PATH, bearer=session, body={"name": "first"}).json["data"]
    me = expect(call("GET", "/v1/user-management/users/me", key=created["api_key"]), 200, "users_me")["data"]["user"]
    assert (me["email"], me["user_id"]) == ("ada@example.com", created["user_id"])


def colleague(app: App, member: Member) -> Member:
    """A second user of the account, who is no root user."""
    user = replace(member.user, id=UNKNOWN, key_count=0, email="colleague@example.com", is_root=False, role="user")
    ids = {"account_id": user.account_id, "user_id": user.id, "credential_id": UNKNOWN}
    text = format_credential("session", **ids, secret=b"s" * 32)
    now = app.clock.now()
    session = Credential(
        UNKNOWN, "session", user.account_id, user.id, hash_text(text), now, now + SESSION_LIFE, generation=1
    )
    for command in (put_user(user), put_credential(session)):
        app.ctx.tables.write(command)
    return Member(member.account, user, text, "")


def test_a_user_who_is_not_root_sees_and_revokes_only_own_keys(app: App, member: Member) -> None:
    other = colleague(app, member)
    own = create(other, name="own").json["data"]["api_key_id"]
    roots = create(member, name="root's").json["data"]["api_key_id"]
    assert names(other) == ["own"]
    assert sorted(names(member)) == ["own", "root's", "test"]
    assert refusal(call("DELETE", f"{PATH}/{roots}", bearer=other.session)) == (404, "not_found")
    assert call("DELETE", f"{PATH}/{own}", bearer=other.session).status == 200
    assert call("DELETE", f"{PATH}/{roots}", bearer=member.session).status == 200
