"""A credential's text holds its owner's ids and a secret; only the hash is stored; every failure looks the same."""

import base64
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.accounts import Account, User
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.credentials import (
    PREFIXES,
    Credential,
    CredentialRef,
    Kind,
    PlatformKey,
    Principal,
    check_credential,
    format_credential,
    format_platform_key,
    hash_text,
    made_with,
    matches,
    parse_credential,
    parse_platform_key,
)
from tallybook.domain.errors import Forbidden, Unauthenticated
from tallybook.domain.periods import Period, schedule_from
from tests.support.hypothesis_settings import deterministic

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
A, U, C = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
SECRET = bytes(range(32))
TEXT = format_credential("api_key", account_id=A, user_id=U, credential_id=C, secret=SECRET)
PLATFORM_TEXT = format_platform_key(key_id=C, secret=SECRET)

ids = st.uuids().map(str)
secrets = st.binary(min_size=32, max_size=32)


@deterministic
@given(kind=st.sampled_from(list(PREFIXES)), account=ids, user=ids, credential=ids, secret=secrets)
def test_a_text_names_its_account_user_and_credential(
    kind: Kind, account: str, user: str, credential: str, secret: bytes
) -> None:
    text = format_credential(kind, account_id=account, user_id=user, credential_id=credential, secret=secret)
    assert parse_credential(text) == CredentialRef(kind, account, user, credential)
    assert text.removeprefix(PREFIXES[kind]).replace("-", "").replace("_", "").isalnum()


@deterministic
@given(key=ids, secret=secrets)
def test_a_platform_text_names_its_key(key: str, secret: bytes) -> None:
    assert parse_platform_key(format_platform_key(key_id=key, secret=secret)) == key


def test_the_prefix_gives_the_kind_of_credential() -> None:
    assert TEXT.startswith("sk-")
    assert format_credential("session", account_id=A, user_id=U, credential_id=C, secret=SECRET).startswith("sess_")
    assert PLATFORM_TEXT.startswith("pk-")


MALFORMED = [
    "",
    "sk-",
    "sess_",
    "sk",
    TEXT.removeprefix("sk-"),
    TEXT[:-1],
    TEXT[:-2],
    TEXT + "A",
    TEXT + "AAAA",
    TEXT.replace("sk-", "SK-"),
    TEXT.replace("sk-", "pk-"),
    f" {TEXT}",
    f"{TEXT}\n",
    f"{TEXT[:20]} {TEXT[21:]}",
    f"{TEXT[:20]}!{TEXT[21:]}",
    f"{TEXT[:20]}é{TEXT[21:]}",
    f"{TEXT[:20]}\ud800{TEXT[21:]}",
    "sk-" + "=" * 107,
    "sk-" + "A" * 1_000_000,
]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
@pytest.mark.parametrize("read", [parse_credential, parse_platform_key])
def test_a_malformed_credential_is_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(Unauthenticated, match="A valid credential is required"):
        read(text)


@pytest.mark.parametrize(
    "text", ["pk-", PLATFORM_TEXT[:-1], PLATFORM_TEXT + "A", PLATFORM_TEXT.replace("pk-", "sk-"), PLATFORM_TEXT + "é"]
)
def test_a_malformed_platform_key_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_platform_key(text)


@deterministic
@given(text=st.text(max_size=200) | st.text(max_size=120).map(lambda tail: f"sk-{tail}"))
def test_any_text_is_read_or_refused_and_raises_nothing_else(text: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_credential(text)


def test_only_the_same_text_matches_its_hash() -> None:
    stored = hash_text(TEXT)
    assert matches(TEXT, stored)
    assert not matches(TEXT[:-1] + ("A" if TEXT[-1] != "A" else "B"), stored)
    assert not matches("", stored)
    assert not matches(TEXT, "")


def test_another_base64_spelling_of_a_credential_is_refused() -> None:
    """The same bytes with padding or in the other alphabet are another text."""
    padded = "sk-" + base64.urlsafe_b64encode(base64.urlsafe_b64decode(TEXT.removeprefix("sk-") + "=")).decode()
    assert parse_credential(padded) == parse_credential(TEXT)
    assert not matches(padded, hash_text(TEXT))


def make_principal() -> Principal:
    account = Account(
        id=A,
        email="a@example.com",
        created_at=NOW,
        status="active",
        plan="hobby",
        subscription_id=A,
        subscribed_at=NOW,
        schedule=schedule_from(NOW, "UTC"),
        first_period_at=NOW,
        closing_cursor=ClosingCursor(Period(NOW, NOW + timedelta(days=30), "UTC")),
    )
    user = User(
        id=U,
        account_id=A,
        email="a@example.com",
        created_at=NOW,
        status="active",
        role="admin",
        is_root=True,
        password_hash="stored-password",
    )
    credential = Credential(
        id=C, kind="api_key", account_id=A, user_id=U, secret_hash=hash_text(TEXT), created_at=NOW, expires_at=None
    )
    return Principal(account, user, credential)


def test_a_valid_credential_is_accepted() -> None:
    principal = make_principal()
    assert check_credential(principal, text=TEXT, now=NOW) is principal


@pytest.mark.parametrize("account", ["active", "suspended"])
def test_a_credential_of_a_suspended_account_is_accepted(account: str) -> None:
    principal = make_principal()
    principal = principal._replace(account=replace(principal.account, status=account))
    assert check_credential(principal, text=TEXT, now=NOW) is principal


@pytest.mark.parametrize(
    ("credential", "user", "account"),
    [
        ({"secret_hash": hash_text("another")}, {}, {}),
        ({"user_id": A}, {}, {}),
        ({"expires_at": NOW}, {}, {}),
        ({"expires_at": NOW - timedelta(days=1)}, {}, {}),
        ({}, {"status": "deleted"}, {}),
        ({}, {}, {"status": "deleted"}),
        ({"secret_hash": hash_text("another")}, {"status": "suspended"}, {}),
    ],
)
def test_an_invalid_credential_is_refused_without_the_reason(
    credential: dict[str, object], user: dict[str, object], account: dict[str, object]
) -> None:
    principal = make_principal()
    broken = Principal(
        replace(principal.account, **account),
        replace(principal.user, **user),
        replace(principal.credential, **credential),
    )
    with pytest.raises(Unauthenticated, match=r"^A valid credential is required$"):
        check_credential(broken, text=TEXT, now=NOW)


def test_a_credential_is_valid_until_its_expiry() -> None:
    principal = make_principal()
    brief = principal._replace(credential=replace(principal.credential, expires_at=NOW + timedelta(milliseconds=1)))
    assert check_credential(brief, text=TEXT, now=NOW) is brief


@pytest.mark.parametrize("status", ["suspended", "disabled"])
def test_a_suspended_or_disabled_user_is_refused_with_the_reason(status: str) -> None:
    principal = make_principal()
    barred = principal._replace(user=replace(principal.user, status=status))
    with pytest.raises(Forbidden, match=status) as refused:
        check_credential(barred, text=TEXT, now=NOW)
    assert refused.value.code == f"user_{status}"


def test_a_repr_has_no_hash() -> None:
    key = PlatformKey(id=C, name="ci", scopes=(), secret_hash=hash_text(PLATFORM_TEXT), created_at=NOW)
    shown = repr(make_principal()) + repr(key)
    for secret in (hash_text(TEXT), hash_text(PLATFORM_TEXT), "stored-password"):
        assert secret not in shown


def test_a_key_has_made_the_keys_of_the_keys_that_it_made() -> None:
    def key(id: str, parent_id: str | None = None) -> Credential:
        return Credential(id, "api_key", "a", "u", "hash", datetime(2026, 4, 20, tzinfo=UTC), parent_id=parent_id)

    stored = [key("late child", "child"), key("root"), key("child", "root"), key("other"), key("orphan", "gone")]
    assert [one.id for one in made_with(stored, "root")] == ["late child", "child"]
    assert made_with(stored, "other") == []
    assert [one.id for one in made_with([key("one", "two"), key("two", "one")], "one")] == ["two"]
