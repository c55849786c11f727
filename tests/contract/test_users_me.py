"""GET /v1/user-management/users/me. Source: decisions, "ScaleBox" and "One identity"."""

from tests.contract.examples import expect
from tests.support.app import App
from tests.support.call import call


def test_me_is_the_user_with_the_account(app: App) -> None:
    member = app.member("ada@example.com")
    user = expect(call("GET", "/v1/user-management/users/me", key=member.api_key), 200, "users_me")["data"]["user"]
    assert (user["user_id"], user["account_id"]) == (member.user_id, member.subject)
    assert (user["role"], user["is_root_user"], user["status"]) == ("admin", True, "active")
    assert (user["account"]["status"], user["account"]["time_zone"]) == ("active", "UTC")


def test_me_has_the_accounts_email_and_the_users_login(app: App) -> None:
    member = app.member("ada@example.com")
    app.change_account(member, email="billing@example.com")
    user = call("GET", "/v1/user-management/users/me", key=member.api_key).json["data"]["user"]
    assert (user["email"], user["account"]["email"]) == ("billing@example.com", "billing@example.com")
    assert user["login_email"] == "ada@example.com"


def test_one_user_is_recognisable_in_each_dialect(app: App) -> None:
    member = app.member()
    bare = call("GET", "/auth/me", key=member.api_key).json["user"]["id"]
    assert (
        call("GET", "/v1/user-management/users/me", key=member.api_key).json["data"]["user"]["user_id"] == f"usr-{bare}"
    )
