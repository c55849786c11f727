"""The account's email change: requested, shown, cleared, and confirmed by both addresses with their links."""

import pytest

from tests.contract.email_changes import (
    BILLING,
    COMPLETED,
    OWNER,
    PATH,
    account_email,
    clear,
    confirm,
    expect_confirmed,
    refusal,
    request_change,
    request_links,
    status,
)
from tests.contract.examples import expect
from tests.support.app import PASSWORD, App, Member
from tests.support.call import call
from tests.support.invariants import check_invariants

EXPIRES = "2026-04-21T12:34:56Z"


@pytest.fixture
def owner(app: App) -> Member:
    return app.member(OWNER)


def test_a_request_is_pending_for_a_day_and_every_user_sees_it(app: App, owner: Member) -> None:
    colleague = app.colleague(owner)
    assert status(owner.api_key) == {"has_pending_request": False}
    requested = expect(request_change(owner.session, new=f"  {BILLING.upper()} "), 201, "email_change_requested")[
        "data"
    ]
    assert requested == {
        "has_pending_request": True,
        "status": "none_confirmed",
        "current_email": OWNER,
        "new_email": BILLING,
        "requested_at": "2026-04-20T12:34:56Z",
        "expires_at": EXPIRES,
    }
    assert status(owner.api_key) == status(colleague.api_key) == requested
    app.clock.advance(hours=23, minutes=59, seconds=59)
    assert status(owner.api_key) == requested
    app.clock.advance(seconds=1)
    assert status(owner.api_key) == {"has_pending_request": False}
    check_invariants(app)


@pytest.mark.parametrize("first", [0, 1], ids=["the old address first", "the new address first"])
def test_both_addresses_confirm_and_the_account_and_the_login_change(app: App, owner: Member, first: int) -> None:
    tokens = request_links(app, owner)
    waits = (BILLING, OWNER)[first]
    assert expect_confirmed(tokens[first]) == {"status": "pending", "pending_email": waits}
    assert status(owner.api_key)["status"] == "partial_confirmed"
    assert account_email(owner) == OWNER
    assert expect_confirmed(tokens[1 - first]) == COMPLETED
    assert status(owner.api_key) == {"has_pending_request": False, "status": "both_confirmed"}
    assert account_email(owner) == BILLING
    for email, answered in ((OWNER, 401), (BILLING, 200)):
        assert call("POST", "/auth/login", body={"email": email, "password": PASSWORD}).status == answered
    assert call("GET", "/auth/me", bearer=owner.session).status == 200, "sessions stay valid"
    check_invariants(app)


def test_a_second_confirmation_answers_with_the_current_status(app: App, owner: Member) -> None:
    old, new = request_links(app, owner)
    for _ in range(2):
        assert expect_confirmed(new) == {"status": "pending", "pending_email": OWNER}
    expect_confirmed(old)
    entries = len(app.stored("core", "AUDIT#"))
    assert expect_confirmed(old) == expect_confirmed(new) == COMPLETED
    assert len(app.stored("core", "AUDIT#")) == entries
    app.clock.advance(days=1)
    assert refusal(confirm(old)) == refusal(confirm(new)) == (400, "invalid_token")


def test_each_address_gets_its_own_link_and_both_a_notice(app: App, owner: Member) -> None:
    tokens = request_links(app, owner)
    assert len(set(tokens)) == 2
    for token in tokens:
        assert [len(part) for part in token.split("-")] == [8, 4, 4, 4, 12]
        expect_confirmed(token)
    app.deliver()
    old, new = app.fake_aws.mails_to(OWNER)[-1], app.fake_aws.mails_to(BILLING)[-1]
    assert old.text == new.text
    assert f"from {OWNER} to {BILLING} on 20 April 2026, 12:34 UTC" in old.text
    assert f"sign in with {BILLING}" in old.text
    (reported,) = app.fake_aws.events_named("AccountEmailChanged")
    assert reported["data"] == {
        "account_id": owner.subject,
        "email": BILLING,
        "previous_email": OWNER,
        "login_of": owner.user_id,
    }
    assert not [token for token in tokens if token in repr(app.stored("core")) or token in repr(app.fake_aws.entries)]


def test_the_old_address_is_free_and_its_password_links_are_invalid(app: App, owner: Member) -> None:
    old, new = request_links(app, owner)
    reset = app.password_token(owner.user, "reset")
    call("POST", "/auth/password/reset", body={"email": OWNER})
    expect_confirmed(old)
    expect_confirmed(new)
    assert call("POST", "/auth/password/confirm", body={"token": reset, "password": PASSWORD}).status == 400
    mails = len(app.fake_aws.mails_to(OWNER))
    app.deliver()
    assert [mail.subject for mail in app.fake_aws.mails_to(OWNER)[mails:]] == [
        "The email address of your Tallybook account was changed"
    ]
    assert app.member(OWNER).account.email == OWNER
    check_invariants(app)


def test_every_user_sees_the_new_email_and_few_items_are_written(app: App, owner: Member) -> None:
    colleagues = [app.colleague(owner) for _ in range(20)]
    old, new = request_links(app, owner)
    expect_confirmed(old)
    before = {(item["pk"], item["sk"]): item for item in app.stored("core")}
    expect_confirmed(new)
    after = {(item["pk"], item["sk"]): item for item in app.stored("core")}
    assert {account_email(member) for member in (owner, *colleagues)} == {BILLING}
    changed = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    kinds = sorted(sk.partition("#")[0] for _, sk in changed if not sk.startswith("2026"))
    assert kinds == ["ACCOUNT", "AUDIT", "EMAIL", "EMAIL", "EMAILCHANGE", "OUTBOX", "OUTBOX", "USER"]


def test_without_a_user_of_that_login_only_the_accounts_email_changes(app: App, owner: Member) -> None:
    root = app.colleague(owner, "root@example.com", is_root=True)
    assert call("DELETE", f"/v1/user-management/users/{owner.user_id}", key=root.api_key).status == 200
    other = app.member(OWNER)  # the address is free, and another user's login now
    old, new = request_links(app, root)
    expect_confirmed(old)
    assert expect_confirmed(new) == COMPLETED
    assert (account_email(root), account_email(other)) == (BILLING, OWNER)
    for email in (OWNER, "root@example.com"):
        assert call("POST", "/auth/login", body={"email": email, "password": PASSWORD}).status == 200
    assert app.member(BILLING), "the new address must not be a login"
    app.deliver()
    assert app.fake_aws.events_named("AccountEmailChanged")[0]["data"]["login_of"] is None
    (notice,) = [mail for mail in app.fake_aws.mails_to(BILLING) if "was changed" in mail.subject]
    assert "sign in" not in notice.text
    check_invariants(app)


@pytest.mark.parametrize("with_login", [True, False], ids=["a login too", "no login"])
def test_a_new_address_that_was_taken_meanwhile_changes_nothing(app: App, owner: Member, with_login: bool) -> None:
    root = app.colleague(owner, "root@example.com", is_root=True)
    if not with_login:
        call("DELETE", f"/v1/user-management/users/{owner.user_id}", key=root.api_key)
    old, new = request_links(app, root)
    app.member(BILLING)
    assert expect_confirmed(old) == {"status": "pending", "pending_email": BILLING}
    before = app.stored("core")
    for _ in range(2):
        refused = confirm(new)
        assert refusal(refused) == (400, "email_exists")
        assert refused.json["message"].startswith("Somebody else has taken the new address by now")
    ours = [item for item in app.stored("core") if not item["pk"].startswith("ATTEMPTS#")]
    assert ours == [item for item in before if not item["pk"].startswith("ATTEMPTS#")]
    assert status(root.api_key)["status"] == "partial_confirmed", "it stays until it is cleared or expires"
    check_invariants(app)


@pytest.mark.parametrize("confirmations", [0, 1])
def test_clearing_a_request_invalidates_its_links(app: App, owner: Member, confirmations: int) -> None:
    tokens = request_links(app, owner)
    for token in tokens[:confirmations]:
        expect_confirmed(token)
    for _ in range(2):
        expect(clear(owner.session), 200, "message")
    assert status(owner.api_key) == {"has_pending_request": False}
    for token in tokens:
        assert refusal(confirm(token)) == (400, "invalid_token")
    assert (
        account_email(owner),
        len([item for item in app.stored("core", "AUDIT#") if "cleared" in item["action"]]),
    ) == (
        OWNER,
        1,
    )
    check_invariants(app)


def test_clearing_without_a_request_succeeds(app: App, owner: Member) -> None:
    expect(clear(owner.session), 200, "message")
    old, new = request_links(app, owner)
    expect_confirmed(old)
    expect_confirmed(new)
    expect(clear(owner.session), 200, "message")
    assert status(owner.api_key)["status"] == "both_confirmed"
    assert expect_confirmed(old) == COMPLETED


def test_a_cleared_or_expired_request_sends_no_mail(app: App, owner: Member) -> None:
    app.deliver()
    request_change(owner.session)
    clear(owner.session)
    app.deliver()
    assert app.fake_aws.mails_to(BILLING) == []
    app.clock.advance(minutes=30)
    request_change(owner.api_key)
    app.clock.advance(days=1)
    app.deliver()
    assert app.fake_aws.mails_to(BILLING) == []
    assert app.stored("core", "TOKEN") == []


def test_a_newer_request_invalidates_the_former_links(app: App, owner: Member) -> None:
    early = request_links(app, owner)
    clear(owner.api_key)
    app.clock.advance(minutes=30)
    old, new = request_links(app, owner, "other@example.com")
    assert {refusal(confirm(token)) for token in early} == {(400, "invalid_token")}
    expect_confirmed(old)
    assert expect_confirmed(new) == COMPLETED
    assert account_email(owner) == "other@example.com"


@pytest.mark.parametrize("what", ["user", "suspended account", "root"])
def test_a_change_survives_its_requesters_removal_or_a_suspension(app: App, owner: Member, what: str) -> None:
    other = app.colleague(owner, "root@example.com", is_root=True)
    tokens = request_links(app, other)
    if what == "user":
        call("DELETE", f"/v1/user-management/users/{other.user_id}", key=owner.api_key)
    elif what == "root":
        app.change_user(other, is_root=False)
    else:
        app.change_account(owner, status="suspended")
    expect_confirmed(tokens[0])
    assert expect_confirmed(tokens[1]) == COMPLETED
    assert account_email(owner) == BILLING


def test_a_deleted_accounts_email_cannot_be_changed(app: App, owner: Member) -> None:
    tokens = request_links(app, owner)
    app.change_account(owner, status="deleted")
    assert {refusal(confirm(token)) for token in tokens} == {(400, "invalid_token")}


def test_a_suspended_account_may_change_its_email(app: App, owner: Member) -> None:
    app.change_account(owner, status="suspended")
    old, new = request_links(app, owner)
    expect_confirmed(old)
    assert expect_confirmed(new) == COMPLETED


def test_opening_a_link_shows_a_button_and_confirms_nothing(app: App, owner: Member) -> None:
    token, _ = request_links(app, owner)
    before = app.stored("core")
    for method in ("GET", "HEAD"):
        page = call(method, f"/auth/email/confirm?token={token}")
        assert page.status == 200
    assert app.stored("core") == before
    assert call("POST", "/auth/email/confirm", body={"token": token}).status == 405
    assert call("GET", f"{PATH}/confirm-email-change").status == 405
