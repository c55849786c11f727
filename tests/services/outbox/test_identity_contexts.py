"""A letter with a link to set a password, overtaken while it is written: after it was read whom it is about."""

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


def overtaken(app: App, by: Callable[[], object]) -> None:
    """Everything that waits is delivered; it happens as the first letter's token is made."""
    waiting = [by]

    def random_bytes(count: int) -> bytes:
        if waiting:
            waiting.pop()()
        return os.urandom(count)

    app.reshape(random_bytes=random_bytes)
    app.deliver()
    assert not waiting


def tokens(app: App) -> list[str]:
    return [item["purpose"] for item in app.stored("core") if "purpose" in item and "secret_hash" in item]


def test_no_link_to_set_a_password_goes_to_an_address_that_the_login_has_left(app: App, owner: Member) -> None:
    change = request_email_change(app.ctx, authenticate(app.ctx, owner.api_key), current=OLD, new=NEW)
    app.deliver()
    links = app.email_tokens(change)
    confirm_email_change(app.ctx, token=links["current"], address=HERE)
    ask_for_reset(app.ctx, email=OLD, address=HERE)
    mails = len(app.fake_aws.mails_to(OLD))
    plain = app.ctx
    overtaken(app, lambda: confirm_email_change(plain, token=links["new"], address=HERE))
    assert app.account_of(owner).email == NEW
    app.deliver()
    assert [mail.subject for mail in app.fake_aws.mails_to(OLD)[mails:]] == [
        "The email address of your Tallybook account was changed"
    ]
    assert tokens(app) == []
    check_invariants(app)


def test_nor_to_a_user_who_is_suspended_by_then(app: App, owner: Member) -> None:
    ask_for_reset(app.ctx, email=OLD, address=HERE)
    mails = len(app.fake_aws.mails_to(OLD))
    overtaken(app, lambda: app.change_user(owner, status="suspended"))
    assert (app.fake_aws.mails_to(OLD)[mails:], tokens(app)) == ([], [])


def test_nor_an_invitation_to_one_who_has_joined_by_then(app: App, owner: Member) -> None:
    user, plain = app.invite(owner, "ada@example.com"), app.ctx
    token = app.password_token(user)
    overtaken(app, lambda: set_password(plain, token=token, password=PASSWORD, address=HERE))
    app.deliver()
    assert [mail for mail in app.fake_aws.mails_to(user.email) if "/auth/password/new" in mail.text] == []
    assert tokens(app) == []
