"""Signing up, signing in and signing out."""

import bcrypt
import pytest

from tallybook.domain.errors import Conflict, Forbidden, Invalid, Unauthenticated
from tallybook.services.accounts.sign_up import register
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.sign_in import login, logout
from tests.support.app import HERE, PASSWORD, App
from tests.support.invariants import check_invariants


def test_registering_stores_account_user_credit_period_and_session(app: App) -> None:
    app.meter.clear()
    signed_in = register(app.ctx, email=" Ada@Example.com ", password=PASSWORD, name="Ada", address=HERE)
    assert list(app.meter.operations) == ["transact", "transact"]
    assert (signed_in.user.email, signed_in.user.is_root, signed_in.account.plan) == ("ada@example.com", True, "hobby")
    assert signed_in.account.wallet.balance == 1_000_000
    assert authenticate(app.ctx, signed_in.text).user == signed_in.user
    assert [item["sk"] for item in app.stored("usage")] == ["period#0"]
    check_invariants(app)


def test_an_address_is_registered_once_in_any_spelling(app: App) -> None:
    register(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    with pytest.raises(Conflict) as refused:
        register(app.ctx, email="ADA@example.com", password=PASSWORD, address=HERE)
    assert refused.value.code == "email_exists"
    assert [item["sk"] for item in app.stored("core")].count("ACCOUNT") == 1
    check_invariants(app)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"email": "nobody"}, "invalid_email"),
        ({"email": "a@b"}, "invalid_email"),
        ({"email": "a b@example.com"}, "invalid_email"),
        ({"email": "a@example.com\nBcc: b@example.com"}, "invalid_email"),
        ({"password": "1234567"}, "weak_password"),
        ({"password": "x" * 1025}, "weak_password"),
        ({"name": " "}, "invalid_name"),
        ({"name": "line\nbreak"}, "invalid_name"),
        ({"name": "x" * 101}, "invalid_name"),
    ],
)
def test_an_invalid_sign_up_names_its_field_and_stores_nothing(app: App, fields: dict[str, str], code: str) -> None:
    before = app.stored("core")
    with pytest.raises(Invalid) as refused:
        register(app.ctx, **{"email": "ada@example.com", "password": PASSWORD, "address": HERE, **fields})
    assert refused.value.code == code
    assert app.stored("core") == before


def test_without_a_welcome_credit_the_ledger_is_empty(app: App) -> None:
    app.apply_catalog(welcome_credit=0)
    assert app.member().account.wallet.balance == 0
    check_invariants(app)


def test_signing_in_takes_only_the_exact_password(app: App) -> None:
    long = "x" * 100 + "a"
    register(app.ctx, email="ada@example.com", password=long, address=HERE)
    assert authenticate(app.ctx, login(app.ctx, email="ADA@example.com", password=long, address=HERE).text)
    with pytest.raises(Unauthenticated) as refused:
        login(app.ctx, email="ada@example.com", password="x" * 100 + "b", address=HERE)
    assert refused.value.code == "invalid_credentials"


def test_an_unknown_address_gets_the_same_error_and_hashing_work(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    register(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    checked: list[bytes] = []
    real = bcrypt.checkpw
    monkeypatch.setattr(
        bcrypt, "checkpw", lambda password, hashed: checked.append(hashed[:7]) or real(password, hashed)
    )
    work, words = [], []
    for email in ("ada@example.com", "eve@example.com", "x" * 5000):
        app.meter.clear()
        with pytest.raises(Unauthenticated) as refused:
            login(app.ctx, email=email, password="wrong password", address=HERE)
        work.append(list(app.meter.operations))
        words.append((refused.value.code, refused.value.message))
    assert work[0] == work[1] == work[2]
    assert words[0] == words[1] == words[2]
    assert checked == [b"$2b$04$"] * 3


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_a_suspended_user_gets_the_reason_only_with_the_right_password(app: App, status: str) -> None:
    member = app.member("ada@example.com")
    app.change_user(member, status=status)
    with pytest.raises(Unauthenticated):
        login(app.ctx, email="ada@example.com", password="wrong password", address=HERE)
    with pytest.raises(Forbidden) as refused:
        login(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    assert refused.value.code == f"user_{status}"


def test_signing_out_ends_only_this_session(app: App) -> None:
    member = app.member("ada@example.com")
    other = login(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    logout(app.ctx, authenticate(app.ctx, other.text))
    with pytest.raises(Unauthenticated):
        authenticate(app.ctx, other.text)
    assert authenticate(app.ctx, member.session)


def test_a_session_lasts_24_hours(app: App) -> None:
    member = app.member()
    app.clock.advance(hours=23, minutes=59)
    assert authenticate(app.ctx, member.session)
    app.clock.advance(minutes=1)
    with pytest.raises(Unauthenticated):
        authenticate(app.ctx, member.session)
