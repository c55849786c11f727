"""No value shows a secret in its repr, which may get into a log or a traceback."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from pydantic import BaseModel

import tallybook
from tallybook.domain.credentials import SCOPES
from tallybook.domain.outbox import Mail
from tallybook.services.accounts.sign_up import register
from tallybook.services.identity.api_keys import create_api_key
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.platform_keys import create_platform_key
from tallybook.store.users import put_user, set_user
from tallybook.wire.requests.credentials import read_credential
from tests.support.app import HERE, PASSWORD, App

SECRETS = {
    *("text", "html", "secret", "secret_hash", "hashes", "password", "current_password", "password_hash", "token"),
    *("key_text", "api_key", "platform_key", "credential_text"),
}
"""The names of fields that hold a credential, a password, a link's token, their hashes, or a mail with a link."""

NO_SECRETS = {"Limits.password", "Page.html"}
"""A limit, and our own static pages."""


def secret_fields() -> Iterator[Any]:
    """Whether the repr of its class shows it, for each such field of a dataclass, a NamedTuple or a body."""
    for module in pkgutil.walk_packages(tallybook.__path__, "tallybook."):
        if module.name.endswith("__main__") or module.name.startswith("tallybook.openapi"):  # types, without values
            continue
        for _, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if cls.__module__ != module.name:
                continue
            shown = dict[str, bool]()
            if is_dataclass(cls):
                shown = {field.name: field.repr for field in fields(cls)}
            elif issubclass(cls, BaseModel):
                shown = {name: field.repr for name, field in cls.model_fields.items()}
            elif issubclass(cls, tuple):
                has_own_repr = inspect.getsourcefile(cls.__repr__) == inspect.getsourcefile(cls)
                shown = dict.fromkeys(getattr(cls, "_fields", ()), not has_own_repr)
            for name in sorted(shown.keys() & SECRETS):
                if (label := f"{cls.__qualname__}.{name}") not in NO_SECRETS:
                    yield pytest.param(shown[name], id=label)


@pytest.mark.parametrize("is_shown", list(secret_fields()))
def test_a_field_with_a_secret_is_not_in_the_repr(is_shown: bool) -> None:
    assert not is_shown


def test_the_values_of_a_sign_up_and_of_new_keys_hide_their_secrets(app: App) -> None:
    signed_in = register(app.ctx, email="ada@example.com", password=PASSWORD, address=HERE)
    api_key = create_api_key(app.ctx, authenticate(app.ctx, signed_in.text), name="ci")
    platform_key = create_platform_key(app.ctx, name="host", scopes=SCOPES)
    sent = read_credential({"authorization": f"Bearer {api_key.text}"}, {})
    shown = repr((signed_in, api_key, platform_key, sent))
    for text in (signed_in.text, api_key.text, platform_key.text):
        assert text not in shown
    assert sent.text == api_key.text


def test_a_command_hides_what_it_writes_and_a_mail_its_link(app: App) -> None:
    user = app.member().user
    assert user.password_hash
    shown = repr((put_user(user), set_user(user, password_hash=user.password_hash)))
    assert user.password_hash not in shown
    assert "pwt_x" not in repr(Mail("password_reset", ("ada@example.com",), {"link": "https://example.com/#pwt_x"}))
