"""The data of each event of accounts, users and keys."""

from dataclasses import replace

import pytest

from tallybook.domain.accounts import User
from tallybook.domain.credentials import Credential
from tallybook.domain.events import accounts
from tallybook.domain.outbox import BusEvent
from tests.domain.events.samples import ACCOUNT, AT

USER = User(
    id="u1",
    account_id="a1",
    email="grace@example.com",
    created_at=AT,
    status="active",
    role="user",
    is_root=False,
    password_hash="a secret hash",
    name="Grace",
)
KEY = Credential("k1", "api_key", "a1", "u1", "a secret hash", AT, name="ci", hint="XyZ1")

USER_IDS = {"account_id": "acc-a1", "user_id": "usr-u1"}
USER_FIELDS = {"display_name": "Grace", "role": "user", "is_root_user": False, "status": "active"}
KEY_FIELDS = {**USER_IDS, "api_key_id": "key-k1", "name": "ci"}


@pytest.mark.parametrize(
    ("event", "name", "data"),
    [
        (
            accounts.account_registered(ACCOUNT, replace(USER, name=None)),
            "AccountRegistered",
            {
                "account_id": "acc-a1",
                "email": "bills@example.com",
                "time_zone": "Asia/Kolkata",
                "root_user_id": "usr-u1",
                "root_user_display_name": None,
            },
        ),
        (
            accounts.account_suspended(ACCOUNT, reason="late"),
            "AccountSuspended",
            {"account_id": "acc-a1", "reason": "late"},
        ),
        (
            accounts.account_resumed(ACCOUNT, reason="paid"),
            "AccountResumed",
            {"account_id": "acc-a1", "reason": "paid"},
        ),
        (accounts.user_invited(USER), "UserInvited", {**USER_IDS, "email": "grace@example.com", **USER_FIELDS}),
        (accounts.user_joined(USER), "UserJoined", {**USER_IDS, "display_name": "Grace"}),
        (
            accounts.user_changed(replace(USER, is_root=True, role="admin")),
            "UserChanged",
            {**USER_IDS, **USER_FIELDS, "role": "admin", "is_root_user": True},
        ),
        (
            accounts.user_suspended(replace(USER, status="disabled", suspension_reason="left")),
            "UserSuspended",
            {**USER_IDS, "status": "disabled", "reason": "left"},
        ),
        (accounts.user_resumed(USER), "UserResumed", USER_IDS),
        (accounts.user_deleted(USER), "UserDeleted", USER_IDS),
        (accounts.password_changed(USER), "PasswordChanged", USER_IDS),
        (accounts.api_key_created(KEY), "ApiKeyCreated", {**KEY_FIELDS, "expires_at": None}),
        (
            accounts.api_key_created(replace(KEY, expires_at=AT)),
            "ApiKeyCreated",
            {**KEY_FIELDS, "expires_at": "2026-04-27T12:34:56.789Z"},
        ),
        (accounts.api_key_revoked(KEY), "ApiKeyRevoked", KEY_FIELDS),
    ],
)
def test_an_event_has_its_documented_data_and_nothing_else(event: BusEvent, name: str, data: dict[str, object]) -> None:
    assert event == BusEvent(name, data, version=1)
