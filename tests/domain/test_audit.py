"""An audit entry's actor comes from the credential, and secrets are masked."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import MASK, Actor, actor_of, mask_addresses, mask_secrets, platform_actor
from tallybook.domain.credentials import Credential, PlatformKey, Principal
from tests.store.samples import ACCOUNT, USER

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
SESSION = Credential("s", "session", "a", "u", "hash", NOW, generation=1)


def test_the_actor_of_a_session_is_its_user_and_of_a_key_the_key() -> None:
    principal = Principal(ACCOUNT, replace(USER, id="u"), SESSION, "203.0.113.7")
    assert actor_of(principal) == Actor("user", "usr-u", "usr-u", "203.0.113.7")
    with_key = principal._replace(credential=replace(SESSION, id="k", kind="api_key"))
    assert actor_of(with_key) == Actor("api_key", "key-k", "usr-u", "203.0.113.7")


def test_the_actor_of_the_platform_is_its_key() -> None:
    key = PlatformKey("p", "metal", ("usage:write",), "hash", NOW)
    assert platform_actor(key, address="203.0.113.7") == Actor("platform", "plk-p", None, "203.0.113.7")


@pytest.mark.parametrize("name", ["password", "password_hash", "secret", "token", "new_password", "secret_hash"])
def test_a_secret_is_replaced_by_a_mask(name: str) -> None:
    assert mask_secrets({name: "open sesame"}) == {name: MASK}
    assert mask_secrets({name: None}) == {name: None}


def test_other_values_are_not_masked() -> None:
    values = {"status": "active", "balance": Decimal(5), "reason": None}
    assert mask_secrets(values) == values


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("ada@example.com", "a***@example.com"),
        ("Ada.Lovelace+x@Mail.Example.com", "A***@Mail.Example.com"),
        ("a@b.example", "a***@b.example"),
        ("left, was <ada@example.com>.", "left, was <a***@example.com>."),
        ("a***@example.com", "a***@example.com"),
        ("ada@example.com,bob@example.com", "a***@example.com,b***@example.com"),
        ("x" * 200 + "@example.com", "x***@example.com"),
        ("no address @ all", "no address @ all"),
        (["ada@example.com", 5, None], ["a***@example.com", 5, None]),
        ({"email": "ada@example.com", "n": Decimal(5)}, {"email": "a***@example.com", "n": Decimal(5)}),
        ("from Ada@Müller.de, and", "from A***@Müller.de, and"),
        ("ada@例え。テスト (ada@उदाहरण.परीक्षा)", "a***@例え。テスト (a***@उदाहरण.परीक्षा)"),
        ("a" + "@" + "\u017f" * 5000, "a@" + "\u017f" * 5000),  # no domain, and no time to find that out
    ],
)
def test_an_address_is_masked_in_any_text(value: Any, masked: Any) -> None:
    assert mask_addresses(value) == masked
    assert mask_addresses(masked) == masked
