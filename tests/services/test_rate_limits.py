"""So many attempts a minute, for each network address and for each email, counted right by many at once."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.errors import Conflict, TooManyRequests, Unauthenticated
from tallybook.domain.limits import Limits
from tallybook.services.accounts.invitations import Invitation, invite_again, invite_user
from tallybook.services.accounts.sign_up import register
from tallybook.services.identity.authenticate import authenticate
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


def wait(attempt: Callable[[], Any]) -> int:
    with pytest.raises(TooManyRequests) as refused:
        attempt()
    return refused.value.retry_after


def test_a_fourth_registration_from_one_address_waits_for_the_next_minute(strict: App) -> None:
    for number in range(3):
        register(strict.ctx, email=f"a{number}@example.com", password=PASSWORD, address=HERE)
    assert wait(lambda: register(strict.ctx, email="a4@example.com", password=PASSWORD, address=HERE)) == 4
    register(strict.ctx, email="a4@example.com", password=PASSWORD, address=THERE)
    strict.clock.advance(seconds=4)
    register(strict.ctx, email="a5@example.com", password=PASSWORD, address=HERE)


def test_a_sixth_login_for_one_email_waits_from_any_address(strict: App) -> None:
    register(strict.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    for number in range(5):
        with pytest.raises(Unauthenticated):
            login(strict.ctx, email="Ada@example.com ", password="wrong", address=f"203.0.113.{number}")
    assert wait(lambda: login(strict.ctx, email="ada@example.com", password=PASSWORD, address=HERE)) == 4
    strict.clock.advance(minutes=1)
    assert login(strict.ctx, email="ada@example.com", password=PASSWORD, address=HERE)


def test_a_sixth_login_from_one_address_waits_whoever_it_is_about(strict: App) -> None:
    for number in range(5):
        with pytest.raises(Unauthenticated):
            login(strict.ctx, email=f"a{number}@example.com", password="wrong", address=HERE)
    assert wait(lambda: login(strict.ctx, email="b@example.com", password="wrong", address=HERE)) == 4


def test_over_http_it_is_a_429_that_says_how_long(strict: App, monkeypatch: pytest.MonkeyPatch) -> None:
    from tallybook import runtime

    monkeypatch.setattr(runtime, "context", lambda: strict.ctx)
    body = {"email": "ada@example.com", "password": "wrong password"}
    statuses = [call("POST", "/auth/login", body=body).status for _ in range(5)]
    assert statuses == [401] * 5
    refused = call("POST", "/auth/login", body=body, headers={"x-forwarded-for": "198.51.100.1"})
    assert (refused.status, refused.headers["retry-after"]) == (429, "4")
    assert refused.json["error"]["code"] == "too_many_requests"


def test_one_account_invites_30_an_hour_and_one_address_is_invited_3_times(strict: App) -> None:
    principal = authenticate(strict.ctx, strict.member().session)
    user = invite_user(strict.ctx, principal, Invitation("ada@example.com"))
    for _ in range(2):
        invite_again(strict.ctx, principal, user.id)
    assert wait(lambda: invite_again(strict.ctx, principal, user.id)) == 1504
    # what is refused for the address counts for the account, which asked
    for number in range(26):
        invite_user(strict.ctx, principal, Invitation(f"a{number}@example.com"))
    assert wait(lambda: invite_user(strict.ctx, principal, Invitation("one-more@example.com"))) == 1504
    strict.clock.advance(seconds=1504)
    assert invite_user(strict.ctx, principal, Invitation("one-more@example.com"))


def test_an_invitation_that_is_refused_for_its_address_takes_none_from_it(strict: App) -> None:
    principal = authenticate(strict.ctx, strict.member().session)
    other = strict.member("ada@example.com")
    for _ in range(5):
        with pytest.raises(Conflict):
            invite_user(strict.ctx, principal, Invitation("ada@example.com"))
    strict.change_user(other, status="deleted")
    strict.ctx.tables.write(Delete(keys.email("ada@example.com")))
    assert invite_user(strict.ctx, principal, Invitation("ada@example.com"))


def test_many_at_once_get_no_more_than_one_after_the_other(crowded_app: App) -> None:
    crowded_app.reshape(limits=Limits())
    attempts = [
        lambda n=n: register(crowded_app.ctx, email=f"a{n}@example.com", password=PASSWORD, address=HERE)
        for n in range(8)
    ]
    answers = race(*attempts)
    assert sum(isinstance(answer, SignedIn) for answer in answers) == 3
    assert sum(isinstance(answer, TooManyRequests) for answer in answers) == 5


def test_no_address_stands_in_a_key_as_it_is(strict: App) -> None:
    register(strict.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    counted = [item for item in strict.stored("core") if item["pk"].startswith("ATTEMPTS#")]
    assert len(counted) == 2
    assert not [item for item in counted if HERE in item["pk"] or "ada" in item["pk"]]
