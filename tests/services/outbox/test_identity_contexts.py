"""A change of the user before a password mail is sent stops the mail, or what it names."""

import os
from collections.abc import Callable

import pytest

from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset, set_password
from tests.support.app import HERE, PASSWORD, App, Member
from tests.support.invariants import check_invariants

OLD, NEW = "owner@example.com", "billing@example.com"


@pytest.fixture
def owner(app: App) -> Member:
    member = app.member(OLD)
    app.deliver()
    return member


def deliver_while(app: App, change: Callable[[], object]) -> None:
    """Deliver all waiting items, with `change` happening as the first mail's token is made."""
    waiting = [change]

    def random_bytes(count: int) -> bytes:
        if waiting:
            waiting.pop()()
        return os.urandom(count)

    app.reshape(random_bytes=random_bytes)
    app.deliver()
    assert not waiting


def token_purposes(app: App) -> list[str]:
    return [item["purpose"] for item in app.stored("core") if "purpose" in item and "secret_hash" in item]


def test_no_password_link_goes_to_an_address_that_is_changed_meanwhile(app: App, owner: Member) -> None:
    change = request_email_change(app.ctx, authenticate(app.ctx, owner.api_key), current=OLD, new=NEW)
    app.deliver()
    links = app.email_tokens(change)
    confirm_email_change(app.ctx, token=links["current"], address=HERE)
    ask_for_reset(app.ctx, email=OLD, address=HERE)
    mails = len(app.fake_aws.mails_to(OLD))
    original_ctx = app.ctx
    deliver_while(app, lambda: confirm_email_change(original_ctx, token=links["new"], address=HERE))
    assert app.account_of(owner).email == NEW
    app.deliver()
    assert [mail.subject for mail in app.fake_aws.mails_to(OLD)[mails:]] == [
        "The email address of your Tallybook account was changed"
    ]
    assert token_purposes(app) == []
    check_invariants(app)


def test_no_password_link_goes_to_a_user_suspended_meanwhile(app: App, owner: Member) -> None:
    ask_for_reset(app.ctx, email=OLD, address=HERE)
    mails = len(app.fake_aws.mails_to(OLD))
    deliver_while(app, lambda: app.change_user(owner, status="suspended"))
    assert (app.fake_aws.mails_to(OLD)[mails:], token_purposes(app)) == ([], [])


def test_no_invitation_goes_to_a_user_who_joined_meanwhile(app: App, owner: Member) -> None:
    user, original_ctx = app.invite(owner, "ada@example.com"), app.ctx
    token = app.password_token(user)
    deliver_while(app, lambda: set_password(original_ctx, token=token, password=PASSWORD, address=HERE))
    app.deliver()
    assert [mail for mail in app.fake_aws.mails_to(user.email) if "/auth/password/new" in mail.text] == []
    assert token_purposes(app) == []


@pytest.mark.parametrize("change", [{"status": "suspended"}, {"status": "deleted"}, {"email": NEW}], ids=str)
def test_a_mail_about_a_password_names_nothing_once_its_user_changed(
    app: App, owner: Member, change: dict[str, str]
) -> None:
    app.colleague(owner, "bob@example.com", is_root=True)
    app.deliver()
    named = []
    for changes in ({"status": "active"}, change):
        token = app.password_token(owner.user, "reset")
        set_password(app.ctx, token=token, password=PASSWORD, address=HERE, end_api_keys=False)
        app.change_user(owner, **changes)
        text = app.deliver().mails_to(OLD)[-1].text
        named.append([what in text for what in ("test, made on", "bob@example.com")])
    assert named == [[True, True], [False, False]]
