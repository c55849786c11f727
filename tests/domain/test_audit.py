"""An audit entry's actor comes from the credential, and secrets are masked."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tallybook.domain.audit import MASK, Actor, actor_of, mask_secrets, platform_actor
from tallybook.domain.credentials import Credential, PlatformKey, Principal
from tests.store.samples import ACCOUNT, USER

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
SESSION = Credential("s", "session", "a", "u", "hash", NOW, generation=1)


def test_the_actor_of_a_session_is_its_user_and_of_a_key_the_key() -> None:
    principal = Principal(ACCOUNT, replace(USER, id="u"), SESSION, "203.0.113.7")
    assert actor_of(principal) == Actor("user", "usr-u", "usr-u", "203.0.113.7")
    with_key = replace(principal, credential=replace(SESSION, id="k", kind="api_key"))
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
