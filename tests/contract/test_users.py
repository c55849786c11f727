"""/v1/user-management/users: the team, run by its root users. Source: decisions, "ScaleBox"."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import Answer, call
from tests.support.fake_aws import FakeAws
from tests.support.invariants import check_invariants

PATH = "/v1/user-management/users"
UNKNOWN = "usr-019d0000-0000-7000-8000-000000000000"


@pytest.fixture
def root(app: App) -> Member:
    return app.member("root@example.com")


def invite(root: Member, email: str = "joan@example.com", **body: Any) -> Answer:
    return call("POST", PATH, bearer=root.session, body={"email": email, **body})


def invited(root: Member, email: str = "joan@example.com", **body: Any) -> dict[str, Any]:
    user: dict[str, Any] = expect(invite(root, email, **body), 201, "users_me")["data"]["user"]
    return user


def listed(root: Member, query: str = "") -> list[str]:
    data = expect(call("GET", PATH + query, bearer=root.session), 200, "users")["data"]
    return [user["login_email"].partition("@")[0] for user in data["users"]]


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]


def test_an_invited_user_is_listed_at_once_as_invited(app: App, root: Member) -> None:
    user = invited(root)
    assert (user["login_email"], user["email"]) == ("joan@example.com", "root@example.com")
    assert (user["display_name"], user["role"], user["is_root_user"]) == (None, "user", False)
    assert (user["status"], user["has_joined"]) == ("active", False)
    body = expect(call("GET", f"{PATH}/{user['user_id']}", bearer=root.session), 200, "users_me")
    assert body["data"]["user"] == user
    check_invariants(app)


def test_an_invitation_sets_name_role_and_root(app: App, root: Member) -> None:
    user = invited(root, " Joan@Example.com ", display_name="Joan", role="admin", is_root_user=True)
    assert user["login_email"] == "joan@example.com"
    assert (user["display_name"], user["role"], user["is_root_user"]) == ("Joan", "admin", True)


def test_an_invitations_link_lets_the_user_sign_in(app: App, root: Member, fake_aws: FakeAws) -> None:
    user = invited(root)
    fake_aws.sweep()
    (mail,) = fake_aws.mails_to("joan@example.com")
    assert "root@example.com" in mail.text, "the mail must name who invites"
    body = {"token": mail.token, "password": "joans horse battery", "name": "Joan"}
    assert call("POST", "/auth/password/confirm", body=body).status == 200
    signed = call("POST", "/auth/login", body={"email": "joan@example.com", "password": "joans horse battery"})
    assert signed.json["user"]["id"] == user["user_id"].removeprefix("usr-")
    me = call("GET", f"{PATH}/me", bearer=signed.json["session_token"]).json["data"]["user"]
    assert (me["display_name"], me["has_joined"], me["account_id"]) == ("Joan", True, root.subject)
    assert [name for name, _ in fake_aws.events].count("UserInvited") == 1


def test_an_invitation_may_be_sent_again_until_it_is_taken(app: App, root: Member, fake_aws: FakeAws) -> None:
    path = f"{PATH}/{invited(root)['user_id']}/invitation"
    done = expect(call("POST", path, bearer=root.session), 200, "message")
    assert done["message"] == "Invitation sent again"
    fake_aws.sweep()
    first, second = fake_aws.mails_to("joan@example.com")
    assert first.token != second.token
    statuses = set()
    for mail in (first, second):
        body = {"token": mail.token, "password": "joans horse battery"}
        statuses.add(call("POST", "/auth/password/confirm", body=body).status)
    assert statuses == {200, 400}, "only the newest link is valid"
    assert refusal(call("POST", path, bearer=root.session)) == (400, "already_joined")


def test_users_are_listed_newest_first_in_pages(app: App, root: Member) -> None:
    for name in ("ada", "joan", "max"):
        app.clock.advance(minutes=1)
        invited(root, f"{name}@example.com")
    assert listed(root) == ["max", "joan", "ada", "root"]
    assert listed(root, "?limit=2&page=2") == ["ada", "root"]
    pages = call("GET", f"{PATH}?limit=3&page=2", bearer=root.session).json["data"]["pagination"]
    assert pages == {"page": 2, "limit": 3, "total": 4, "total_pages": 2, "offset": 3}


def stored_without_attempts(app: App) -> list[dict[str, Any]]:
    """All stored items except attempt counts."""
    return [item for item in app.stored("core") if not item["pk"].startswith("ATTEMPTS#")]


@pytest.mark.parametrize(
    "email", ["joan@example.com", " JOAN@example.com", "root@example.com", "far@example.com"], ids=str
)
def test_an_address_in_use_cannot_be_invited(app: App, root: Member, email: str) -> None:
    app.member("far@example.com")
    invited(root)
    before = stored_without_attempts(app)
    assert refusal(invite(root, email)) == (409, "email_exists")
    assert stored_without_attempts(app) == before


def test_an_invited_address_cannot_register(app: App, root: Member) -> None:
    invited(root)
    answer = call("POST", "/auth/register", body={"email": "joan@example.com", "password": "joans horse battery"})
    assert (answer.status, answer.json["error"]["code"]) == (409, "email_exists")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "no address"}, "invalid_email"),
        ({"email": ""}, "invalid_email"),
        ({"display_name": " "}, "invalid_name"),
        ({"display_name": "a\nb"}, "invalid_name"),
        ({"role": "owner"}, "invalid_request"),
        ({"is_root_user": "yes"}, "invalid_request"),
    ],
    ids=str,
)
def test_a_wrong_invitation_is_refused_naming_its_field(
    app: App, root: Member, body: dict[str, Any], code: str
) -> None:
    before = app.stored("core")
    answer = call("POST", PATH, bearer=root.session, body={"email": "joan@example.com", **body})
    assert refusal(answer) == (400, code)
    assert answer.json["message"].startswith(next(iter(body)))
    assert app.stored("core") == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_an_unknown_foreign_or_deleted_user_is_404_a_malformed_id_400(app: App, root: Member, method: str) -> None:
    foreign = app.member()
    gone = app.colleague(root)
    assert call("DELETE", f"{PATH}/{gone.user_id}", bearer=root.session).status == 200
    for user_id in (UNKNOWN, foreign.user_id, gone.user_id, "usr-x"):
        path = f"{PATH}/{user_id}" + ("/invitation" if method == "POST" else "")
        answer = call(method, path, bearer=root.session, body={"display_name": "X"})
        assert refusal(answer) == (404, "not_found"), user_id
    for text in ("usr-", "usr-a_b", "acc-1", root.user.id, "usr-" + "a" * 65, "usr-%C3%A9", "%00"):
        path = f"{PATH}/{text}" + ("/invitation" if method == "POST" else "")
        answer = call(method, path, bearer=root.session, body={"display_name": "X"})
        assert refusal(answer) == (400, "invalid_request"), text
        assert "user_id" in answer.json["message"]
    check_invariants(app)


def test_the_path_me_can_only_be_read(app: App, root: Member) -> None:
    for method in ("PUT", "DELETE", "POST", "PATCH"):
        assert refusal(call(method, f"{PATH}/me", bearer=root.session, body={})) == (405, "method_not_allowed")
