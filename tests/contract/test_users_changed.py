"""PUT and DELETE /v1/user-management/users/{user_id}: field by field, at once. Source: decisions, "ScaleBox"."""

from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.app import PASSWORD, App, Member
from tests.support.call import Answer, call
from tests.support.fake_aws import FakeAws
from tests.support.invariants import check_invariants

PATH = "/v1/user-management/users"


@pytest.fixture
def root(app: App) -> Member:
    return app.member("root@example.com")


@pytest.fixture
def joan(app: App, root: Member) -> Member:
    return app.colleague(root, "joan@example.com")


def put(by: Member, user_id: str, /, **body: Any) -> Answer:
    return call("PUT", f"{PATH}/{user_id}", bearer=by.session, body=body)


def changed(by: Member, user_id: str, /, **body: Any) -> dict[str, Any]:
    user: dict[str, Any] = expect(put(by, user_id, **body), 200, "users_me")["data"]["user"]
    return user


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, expect(answer, answer.status, "error_scalebox")["code"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"display_name": "Joan"}, {"display_name": "Joan"}),
        ({"role": "admin"}, {"role": "admin"}),
        ({"is_root_user": True}, {"is_root_user": True}),
        ({"display_name": "Joan", "role": "admin"}, {"display_name": "Joan", "role": "admin"}),
        ({"unknown": 1, "email": "other@example.com", "user_id": "usr-x"}, {}),
        ({}, {}),
    ],
    ids=str,
)
def test_sent_fields_change_and_the_others_stay(
    app: App, root: Member, joan: Member, body: dict[str, Any], shown: dict[str, Any]
) -> None:
    path = f"{PATH}/{joan.user_id}"
    before = call("GET", path, bearer=root.session).json["data"]["user"]
    assert changed(root, joan.user_id, **body) == before | shown
    assert call("GET", path, bearer=root.session).json["data"]["user"] == before | shown
    check_invariants(app)


def test_null_deletes_the_name_and_leaving_it_out_does_not(app: App, root: Member, joan: Member) -> None:
    changed(root, joan.user_id, display_name="Joan")
    assert changed(root, joan.user_id, role="admin")["display_name"] == "Joan"
    assert changed(root, joan.user_id, display_name=None)["display_name"] is None


def test_a_change_of_nothing_writes_nothing(app: App, root: Member, joan: Member) -> None:
    changed(root, joan.user_id, role="admin")
    before = app.stored("core")
    changed(root, joan.user_id, role="admin")
    assert app.stored("core") == before


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_a_suspended_user_has_reason_and_time_and_can_be_reactivated(
    app: App, root: Member, joan: Member, status: str
) -> None:
    user = changed(root, joan.user_id, status=status, suspension_reason="on leave")
    assert (user["status"], user["suspension_reason"]) == (status, "on leave")
    assert user["suspended_at"] == "2026-04-20T12:34:56Z"
    for text in (joan.session, joan.api_key):
        assert refusal(call("GET", f"{PATH}/me", bearer=text)) == (403, f"user_{status}")
    app.clock.advance(hours=1)
    user = changed(root, joan.user_id, suspension_reason="gone fishing")
    assert (user["suspended_at"], user["suspension_reason"]) == ("2026-04-20T12:34:56Z", "gone fishing")
    user = changed(root, joan.user_id, status="active")
    assert (user["status"], user["suspended_at"], user["suspension_reason"]) == ("active", None, None)
    for text in (joan.session, joan.api_key):
        assert call("GET", f"{PATH}/me", bearer=text).status == 200
    check_invariants(app)


def test_disabling_a_suspended_user_sets_a_new_time_and_reason(app: App, root: Member, joan: Member) -> None:
    changed(root, joan.user_id, status="suspended", suspension_reason="on leave")
    app.clock.advance(hours=1)
    user = changed(root, joan.user_id, status="disabled")
    assert (user["suspended_at"], user["suspension_reason"]) == ("2026-04-20T13:34:56Z", None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"display_name": " "}, "invalid_name"),
        ({"display_name": "x" * 101}, "invalid_name"),
        ({"role": None}, "invalid_request"),
        ({"role": "root"}, "invalid_request"),
        ({"is_root_user": None}, "invalid_request"),
        ({"status": "deleted"}, "invalid_request"),
        ({"status": None}, "invalid_request"),
        ({"suspension_reason": " "}, "invalid_request"),
        ({"suspension_reason": "x" * 1001}, "invalid_request"),
        ({"suspension_reason": 5}, "invalid_request"),
    ],
    ids=str,
)
def test_a_wrong_change_is_refused_naming_its_field(
    app: App, root: Member, joan: Member, body: dict[str, Any], code: str
) -> None:
    before = app.stored("core")
    answer = put(root, joan.user_id, **body)
    assert refusal(answer) == (400, code)
    assert answer.json["message"].startswith(next(iter(body)))
    assert app.stored("core") == before


@pytest.mark.parametrize("body", [{"is_root_user": False}, {"status": "suspended"}, {"status": "disabled"}], ids=str)
def test_root_users_cannot_lock_themselves_out(app: App, root: Member, body: dict[str, Any]) -> None:
    before = app.stored("core")
    assert refusal(put(root, root.user_id, **body)) == (400, "own_user")
    assert refusal(call("DELETE", f"{PATH}/{root.user_id}", bearer=root.session)) == (400, "own_user")
    assert app.stored("core") == before
    assert changed(root, root.user_id, display_name="Ada", role="user")["display_name"] == "Ada"


def test_a_demoted_root_user_loses_the_right_at_once(app: App, root: Member) -> None:
    other = app.colleague(root, is_root=True)
    assert changed(other, root.user_id, is_root_user=False)["is_root_user"] is False
    for text in (root.session, root.api_key):
        assert refusal(call("GET", PATH, bearer=text)) == (403, "root_user_required")
    assert refusal(put(other, other.user_id, is_root_user=False)) == (400, "own_user")
    check_invariants(app)


def test_a_deleted_user_is_signed_out_and_the_address_is_free(app: App, root: Member, joan: Member) -> None:
    done = expect(call("DELETE", f"{PATH}/{joan.user_id}", bearer=root.session), 200, "message")
    assert done["message"] == "User deleted"
    for text in (joan.session, joan.api_key):
        assert refusal(call("GET", f"{PATH}/me", bearer=text)) == (401, "unauthorized")
    assert call("POST", "/auth/login", body={"email": "joan@example.com", "password": PASSWORD}).status == 401
    keys = call("GET", "/v1/user-management/api-keys", bearer=root.session).json["data"]["api_keys"]
    assert {key["user_id"] for key in keys} == {root.user_id}
    assert "joan" not in call("GET", PATH, bearer=root.session).text
    again = call("POST", PATH, bearer=root.session, body={"email": "joan@example.com"})
    assert again.status == 201
    assert again.json["data"]["user"]["user_id"] != joan.user_id
    check_invariants(app)


def test_a_deleted_users_item_has_no_personal_data(app: App, root: Member, joan: Member) -> None:
    changed(root, joan.user_id, display_name="Joan Clarke")
    call("DELETE", f"{PATH}/{joan.user_id}", bearer=root.session)
    (item,) = (item for item in app.stored("core") if item["sk"] == f"USER#{joan.user.id}")
    assert "joan" not in repr(item).lower()
    assert "password_hash" not in item


def test_each_change_of_a_user_is_published_once(app: App, root: Member, joan: Member, fake_aws: FakeAws) -> None:
    fake_aws.sweep()
    fake_aws.entries.clear()
    changed(root, joan.user_id, display_name="Joan", status="suspended", suspension_reason="on leave")
    changed(root, joan.user_id, status="active")
    call("DELETE", f"{PATH}/{joan.user_id}", bearer=root.session)
    fake_aws.sweep()
    assert sorted(name for name, _ in fake_aws.events) == ["UserChanged", "UserDeleted", "UserResumed", "UserSuspended"]
    assert {data["user_id"] for _, data in fake_aws.events} == {joan.user_id}
