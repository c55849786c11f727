"""/auth/password: changed, reset, and set by the link of a mail, which works once and expires."""

from datetime import timedelta

import pytest

from tests.contract.examples import expect
from tests.contract.passwords import ADA, NEW, change, confirm, login, refusal
from tests.support.app import PASSWORD, App, Member
from tests.support.call import call
from tests.support.fake_aws import FakeAws
from tests.support.invariants import check_invariants


@pytest.fixture
def ada(app: App) -> Member:
    return app.member(ADA)


def deliver_token(fake_aws: FakeAws, to: str = ADA) -> str:
    """Deliver; return the token of the only new mail to the address."""
    before = len(fake_aws.mails_to(to))
    assert set(fake_aws.sweep()) == {"delivered"}
    (mail,) = fake_aws.mails_to(to)[before:]
    return mail.token


def request_reset(fake_aws: FakeAws, email: str = ADA) -> str:
    """Request a reset; return its token."""
    fake_aws.sweep()
    answer = call("POST", "/auth/password/reset", body={"email": email})
    assert expect(answer, 202, "auth_logout") == {"success": True}
    return deliver_token(fake_aws)


def test_a_change_keeps_its_session_and_keys_and_ends_other_sessions(app: App, ada: Member) -> None:
    other = login().json["session_token"]
    assert expect(change(other), 200, "auth_logout") == {"success": True}
    assert call("GET", "/auth/me", bearer=other).status == 200
    assert refusal(call("GET", "/auth/me", bearer=ada.session)) == (401, "unauthorized")
    assert call("GET", "/auth/me", key=ada.api_key).status == 200
    assert refusal(login()) == (401, "invalid_credentials")
    assert login(NEW).status == 200
    check_invariants(app)


def test_a_change_by_key_ends_every_session(app: App, ada: Member) -> None:
    assert change(ada.api_key).status == 200
    assert refusal(call("GET", "/auth/me", bearer=ada.session)) == (401, "unauthorized")


def test_a_session_may_change_it_again_and_again(app: App, ada: Member) -> None:
    assert change(ada.session).status == 200
    assert change(ada.session, current=NEW, password=PASSWORD).status == 200
    assert login().status == 200


def test_a_change_needs_the_current_password(app: App, ada: Member) -> None:
    before = [item for item in app.stored("core") if not item["pk"].startswith("ATTEMPTS#")]
    for wrong in ("wrong horse battery", "", PASSWORD.upper(), f"{PASSWORD} ", "x" * 60_000):
        assert refusal(change(ada.session, current=wrong)) == (400, "invalid_password")
    assert [item for item in app.stored("core") if not item["pk"].startswith("ATTEMPTS#")] == before
    assert login().status == 200


@pytest.mark.parametrize("password", ["", "seven77", "x" * 1025], ids=len)
def test_a_new_password_has_8_to_1024_characters(app: App, ada: Member, password: str) -> None:
    assert refusal(change(ada.session, password=password)) == (400, "weak_password")
    token = app.password_token(ada.user, "reset")
    assert refusal(confirm(token, password)) == (400, "weak_password")
    assert confirm(token, "x" * 8).status == 200, "the refusal must not use up the token"


def test_a_changed_password_is_reported_by_mail(app: App, ada: Member, fake_aws: FakeAws) -> None:
    fake_aws.sweep()
    change(ada.session)
    fake_aws.sweep()
    _, mail = fake_aws.mails_to(ADA)
    assert "203.0.113.7" in mail.text
    assert "pwt_" not in mail.text
    assert "/auth/password/forgotten" in mail.text, "the mail must say what to do if it was somebody else"
    assert fake_aws.events[-1][0] == "PasswordChanged"


def test_a_forgotten_password_is_set_with_the_link_of_the_mail(app: App, ada: Member, fake_aws: FakeAws) -> None:
    assert expect(confirm(request_reset(fake_aws)), 200, "auth_logout") == {"success": True}
    assert refusal(call("GET", "/auth/me", bearer=ada.session)) == (401, "unauthorized")
    assert refusal(call("GET", "/auth/me", key=ada.api_key)) == (401, "unauthorized")
    assert refusal(login()) == (401, "invalid_credentials")
    assert login(NEW).status == 200
    check_invariants(app)


def test_a_link_works_once(app: App, ada: Member, fake_aws: FakeAws) -> None:
    token = request_reset(fake_aws)
    assert confirm(token).status == 200
    assert refusal(confirm(token, "a third horse battery")) == (400, "invalid_token")
    assert login(NEW).status == 200


def test_a_reset_link_is_valid_for_exactly_an_hour(app: App, ada: Member, fake_aws: FakeAws) -> None:
    early, late = request_reset(fake_aws), None
    app.clock.advance(minutes=59, seconds=59)
    assert confirm(early).status == 200
    late = request_reset(fake_aws)
    app.clock.advance(hours=1)
    assert refusal(confirm(late)) == (400, "invalid_token")


def test_an_invitation_link_is_valid_for_seven_days(app: App, ada: Member, fake_aws: FakeAws) -> None:
    for name, wait, answered in (("joan", timedelta(days=7, seconds=-1), 200), ("max", timedelta(days=7), 400)):
        session = login().json["session_token"]
        email = f"{name}@example.com"
        call("POST", "/v1/user-management/users", bearer=session, body={"email": email})
        token = deliver_token(fake_aws, email)
        app.clock.moment += wait
        assert confirm(token).status == answered


def test_a_newer_link_replaces_the_former_one(app: App, ada: Member, fake_aws: FakeAws) -> None:
    first, second = request_reset(fake_aws), request_reset(fake_aws)
    assert refusal(confirm(first)) == (400, "invalid_token")
    assert confirm(second).status == 200


def test_an_invited_user_may_set_a_name_and_gets_no_password_mail(app: App, ada: Member, fake_aws: FakeAws) -> None:
    user = app.invite(ada, "joan@example.com")
    assert refusal(confirm(app.password_token(user), name="a\nb")) == (400, "invalid_name")
    assert confirm(app.password_token(user), name="Joan").status == 200
    me = call("GET", f"/v1/user-management/users/usr-{user.id}", key=ada.api_key).json["data"]["user"]
    assert (me["display_name"], me["has_joined"]) == ("Joan", True)
    fake_aws.sweep()
    assert fake_aws.mails_to("joan@example.com") == [], "the invitation must be accepted by then"
    assert "UserJoined" in [name for name, _ in fake_aws.events]


@pytest.mark.parametrize("deleted", ["user", "account"])
def test_a_deleted_user_or_account_has_no_valid_link(app: App, ada: Member, fake_aws: FakeAws, deleted: str) -> None:
    token = request_reset(fake_aws)
    (app.change_user if deleted == "user" else app.change_account)(ada, status="deleted")
    assert refusal(confirm(token)) == (400, "invalid_token")


def test_a_reset_request_does_not_invalidate_an_invitation(app: App, fake_aws: FakeAws) -> None:
    root = app.member()
    call("POST", "/v1/user-management/users", key=root.api_key, body={"email": "joan@example.com"})
    fake_aws.sweep()
    call("POST", "/auth/password/reset", body={"email": "joan@example.com"})
    fake_aws.sweep()
    invitation, reset = (mail.token for mail in fake_aws.mails_to("joan@example.com"))
    body = {"token": invitation, "password": "joans horse battery"}
    assert call("POST", "/auth/password/confirm", body=body).status == 200
    body = {"token": reset, "password": "another horse battery"}
    assert call("POST", "/auth/password/confirm", body=body).json["error"]["code"] == "invalid_token"


def test_a_first_password_by_a_reset_link_completes_the_invitation(app: App, fake_aws: FakeAws) -> None:
    root = app.member()
    call("POST", "/v1/user-management/users", key=root.api_key, body={"email": "joan@example.com"})
    call("POST", "/auth/password/reset", body={"email": "joan@example.com"})
    fake_aws.sweep()
    reset = next(mail.token for mail in fake_aws.mails_to("joan@example.com") if "new password" in mail.subject)
    assert (
        call("POST", "/auth/password/confirm", body={"token": reset, "password": "joans horse battery"}).status == 200
    )
    fake_aws.sweep()
    assert "UserJoined" in [name for name, _ in fake_aws.events]
    assert len(fake_aws.mails_to("joan@example.com")) == 2, "no mail about a changed password"
