"""A letter with a link to set a password, overtaken while it is written: after it was read whom it is about."""

import os
from collections.abc import Callable

import pytest

from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.accounts.email_confirmation import confirm_email_change
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import ask_for_reset, set_password
from tests.support.house import HERE, PASSWORD, House, Member
from tests.support.invariants import check_invariants

OLD, NEW = "owner@example.com", "billing@example.com"


@pytest.fixture
def owner(house: House) -> Member:
    member = house.member(OLD)
    house.deliver()
    return member


def overtaken(house: House, by: Callable[[], object]) -> None:
    """Everything that waits is delivered; it happens as the first letter's token is made."""
    waiting = [by]

    def random_bytes(count: int) -> bytes:
        if waiting:
            waiting.pop()()
        return os.urandom(count)

    house.reshape(random_bytes=random_bytes)
    house.deliver()
    assert not waiting


def tokens(house: House) -> list[str]:
    return [item["purpose"] for item in house.stored("core") if "purpose" in item and "secret_hash" in item]


def test_no_link_to_set_a_password_goes_to_an_address_that_the_login_has_left(house: House, owner: Member) -> None:
    change = request_email_change(house.ctx, authenticate(house.ctx, owner.api_key), current=OLD, new=NEW)
    house.deliver()
    links = house.email_tokens(change)
    confirm_email_change(house.ctx, token=links["current"], address=HERE)
    ask_for_reset(house.ctx, email=OLD, address=HERE)
    mails = len(house.world.to(OLD))
    plain = house.ctx
    overtaken(house, lambda: confirm_email_change(plain, token=links["new"], address=HERE))
    assert house.account_of(owner).email == NEW
    house.deliver()
    assert [mail.subject for mail in house.world.to(OLD)[mails:]] == [
        "The email address of your Tallybook account was changed"
    ]
    assert tokens(house) == []
    check_invariants(house)


def test_nor_to_a_user_who_is_suspended_by_then(house: House, owner: Member) -> None:
    ask_for_reset(house.ctx, email=OLD, address=HERE)
    mails = len(house.world.to(OLD))
    overtaken(house, lambda: house.change_user(owner, status="suspended"))
    assert (house.world.to(OLD)[mails:], tokens(house)) == ([], [])


def test_nor_an_invitation_to_one_who_has_joined_by_then(house: House, owner: Member) -> None:
    user, plain = house.invited(owner, "ada@example.com"), house.ctx
    token = house.password_token(user)
    overtaken(house, lambda: set_password(plain, token=token, password=PASSWORD, address=HERE))
    house.deliver()
    assert [mail for mail in house.world.to(user.email) if "/auth/password/new" in mail.text] == []
    assert tokens(house) == []
