"""Attempts are limited in each window by network address and by email, also under concurrency."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.errors import Conflict, Invalid, TooManyRequests, Unauthenticated
from tallybook.domain.limits import Limit, Limits
from tallybook.services.accounts.email_change import request_email_change
from tallybook.services.accounts.invitations import Invitation, invite_again, invite_user
from tallybook.services.accounts.sign_up import register
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import change_password
from tallybook.services.identity.sign_in import SignedIn, login
from tallybook.store import keys
from tallybook.store.commands import Delete
from tests.support.app import HERE, PASSWORD, App
from tests.support.call import call
from tests.support.race import race

THERE = "203.0.113.8"


@pytest.fixture
def strict(app: App) -> App:
    app.reshape(limits=Limits())
    return app


@pytest.fixture
def few(app: App) -> App:
    """As `strict`, with a tenth of the tries for one email, which take less time."""
    app.reshape(limits=Limits()._replace(login_email=Limit(50), password_email=Limit(50)))
    return app


def wait(attempt: Callable[[], Any]) -> int:
    with pytest.raises(TooManyRequests) as refused:
        attempt()
    return refused.value.retry_after


def guess_from_elsewhere(app: App, attempts: int) -> None:
    """Wrong logins as ada@example.com, five from each address, in two spellings."""
    for number in range(attempts):
        email = "Ada@example.com " if number % 2 else "ada@example.com"
        with pytest.raises(Unauthenticated):
            login(app.ctx, email=email, password="wrong", address=f"198.51.100.{number // 5}")


def test_a_fourth_sign_up_from_one_address_in_a_minute_is_refused(strict: App) -> None:
    for number in range(3):
        register(strict.ctx, email=f"a{number}@example.com", password=PASSWORD, address=HERE)
    assert wait(lambda: register(strict.ctx, email="a4@example.com", password=PASSWORD, address=HERE)) == 4
    register(strict.ctx, email="a4@example.com", password=PASSWORD, address=THERE)
    strict.clock.advance(seconds=4)
    register(strict.ctx, email="a5@example.com", password=PASSWORD, address=HERE)


def test_wrong_logins_from_twelve_addresses_leave_the_owners_free(strict: App) -> None:
    register(strict.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    guess_from_elsewhere(strict, 60)
    assert wait(lambda: login(strict.ctx, email="ada@example.com", password="wrong", address="198.51.100.0")) == 4
    assert login(strict.ctx, email="ada@example.com", password=PASSWORD, address=HERE)


def test_a_login_over_the_limit_of_its_email_is_refused(few: App) -> None:
    register(few.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    guess_from_elsewhere(few, 50)
    assert wait(lambda: login(few.ctx, email="ada@example.com", password=PASSWORD, address=HERE)) == 4
    few.clock.advance(seconds=4)
    assert login(few.ctx, email="ada@example.com", password=PASSWORD, address=HERE)


def test_the_login_limit_is_the_same_for_an_unknown_email(few: App) -> None:
    guess_from_elsewhere(few, 50)
    assert wait(lambda: login(few.ctx, email="ada@example.com", password=PASSWORD, address=HERE)) == 4


def test_a_right_password_after_wrong_logins_changes_the_password(few: App) -> None:
    member = few.member("ada@example.com")
    guess_from_elsewhere(few, 50)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            login(few.ctx, email="eve@example.com", password="wrong", address=HERE)
    principal = authenticate(few.ctx, member.session)
    change_password(few.ctx, principal, current=PASSWORD, password="another horse battery", address=HERE)


def test_changes_of_a_password_are_limited_by_address_before_email(few: App) -> None:
    principal = authenticate(few.ctx, few.member("ada@example.com").session)

    def guess(address: str, current: str = "wrong") -> None:
        change_password(few.ctx, principal, current=current, password="another horse battery", address=address)

    for number in range(49):
        with pytest.raises(Invalid):
            guess(f"198.51.100.{number // 5}")
    assert wait(lambda: guess("198.51.100.0")) == 4
    with pytest.raises(Invalid):
        guess(HERE)
    assert wait(lambda: guess(THERE)) == 4
    few.clock.advance(seconds=4)
    guess(HERE, current=PASSWORD)


def test_a_sixth_login_from_one_address_in_a_minute_is_refused(strict: App) -> None:
    for number in range(5):
        with pytest.raises(Unauthenticated):
            login(strict.ctx, email=f"a{number}@example.com", password="wrong", address=HERE)
    assert wait(lambda: login(strict.ctx, email="b@example.com", password="wrong", address=HERE)) == 4


def test_over_http_a_limit_is_a_429_with_retry_after(strict: App, monkeypatch: pytest.MonkeyPatch) -> None:
    from tallybook import runtime

    monkeypatch.setattr(runtime, "context", lambda: strict.ctx)
    body = {"email": "ada@example.com", "password": "wrong password"}
    statuses = [call("POST", "/auth/login", body=body).status for _ in range(5)]
    assert statuses == [401] * 5
    refused = call("POST", "/auth/login", body=body, headers={"x-forwarded-for": "198.51.100.1"})
    assert (refused.status, refused.headers["retry-after"]) == (429, "4")
    assert refused.json["error"]["code"] == "too_many_requests"


def test_invitations_are_limited_by_account_and_by_address(strict: App) -> None:
    principal = authenticate(strict.ctx, strict.member().session)
    user = invite_user(strict.ctx, principal, Invitation("ada@example.com"))
    for _ in range(2):
        invite_again(strict.ctx, principal, user.id)
    assert wait(lambda: invite_again(strict.ctx, principal, user.id)) == 1504
    # an invitation refused by the address limit still counts for the account
    for number in range(26):
        invite_user(strict.ctx, principal, Invitation(f"a{number}@example.com"))
    assert wait(lambda: invite_user(strict.ctx, principal, Invitation("one-more@example.com"))) == 1504
    strict.clock.advance(seconds=1504)
    assert invite_user(strict.ctx, principal, Invitation("one-more@example.com"))


def test_the_tags_of_an_address_are_invited_together(strict: App) -> None:
    principals = [authenticate(strict.ctx, strict.member().session) for _ in range(2)]
    for number in range(3):
        invite_user(strict.ctx, principals[number % 2], Invitation(f"Ada+{number}@example.com"))
    for email in ("ada+3@example.com", "ada@example.com"):
        assert wait(lambda email=email: invite_user(strict.ctx, principals[0], Invitation(email))) == 1504
    request = {"current": principals[1].account.email, "new": "ADA+4@example.com"}
    assert wait(lambda: request_email_change(strict.ctx, principals[1], **request)) == 1504
    assert invite_user(strict.ctx, principals[0], Invitation("bob+0@example.com"))


def test_a_refused_invitation_does_not_count_for_its_address(strict: App) -> None:
    principal = authenticate(strict.ctx, strict.member().session)
    other = strict.member("ada@example.com")
    for _ in range(5):
        with pytest.raises(Conflict):
            invite_user(strict.ctx, principal, Invitation("ada@example.com"))
    strict.change_user(other, status="deleted")
    strict.ctx.tables.write(Delete(keys.email("ada@example.com")))
    assert invite_user(strict.ctx, principal, Invitation("ada@example.com"))


def test_concurrent_attempts_are_limited_like_successive_ones(crowded_app: App) -> None:
    crowded_app.reshape(limits=Limits())
    attempts = [
        lambda n=n: register(crowded_app.ctx, email=f"a{n}@example.com", password=PASSWORD, address=HERE)
        for n in range(8)
    ]
    answers = race(*attempts)
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 3
    assert sum(isinstance(answer, TooManyRequests) for answer in answers) == 5


def test_keys_contain_no_plain_address(strict: App) -> None:
    register(strict.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    counted = [item for item in strict.stored("core") if item["pk"].startswith("ATTEMPTS#")]
    assert len(counted) == 2
    assert not [item for item in counted if HERE in item["pk"] or "ada" in item["pk"]]
