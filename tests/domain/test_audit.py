"""Who did it is told by what they came with, and no secret stands in the log."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tallybook.domain.audit import MASK, Actor, actor_of, mask_secrets, platform_actor
from tallybook.domain.credentials import Credential, PlatformKey, Principal
from tests.store.samples import ACCOUNT, USER

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
SESSION = Credential("s", "session", "a", "u", "hash", NOW, generation=1)


def test_a_session_is_its_user_and_a_key_is_the_key_of_its_user() -> None:
    principal = Principal(ACCOUNT, replace(USER, id="u"), SESSION, "203.0.113.7")
    assert actor_of(principal) == Actor("user", "usr-u", "usr-u", "203.0.113.7")
    with_key = replace(principal, credential=replace(SESSION, id="k", kind="api_key"))
    assert actor_of(with_key) == Actor("api_key", "key-k", "usr-u", "203.0.113.7")


def test_the_platform_is_its_key() -> None:
    key = PlatformKey("p", "metal", ("usage:write",), "hash", NOW)
    assert platform_actor(key, address="203.0.113.7") == Actor("platform", "plk-p", None, "203.0.113.7")


@pytest.mark.parametrize("name", ["password", "password_hash", "secret", "token", "new_password", "secret_hash"])
def test_a_secret_shows_only_that_it_was_there(name: str) -> None:
    assert mask_secrets({name: "open sesame"}) == {name: MASK}
    assert mask_secrets({name: None}) == {name: None}


def test_what_is_no_secret_stays_as_it_is() -> None:
    values = {"status": "active", "balance": Decimal(5), "reason": None}
    assert mask_secrets(values) == values
