"""What each event says of the thing that it tells of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain import announcements as told
from tallybook.domain.accounts import Account, User
from tallybook.domain.credentials import Credential
from tallybook.domain.cycle import Cycle
from tallybook.domain.outbox import BusEvent
from tallybook.domain.periods import Period
from tallybook.domain.wallet import Entry

AT = datetime(2026, 4, 27, 12, 34, 56, 789_000, tzinfo=UTC)
ACCOUNT = Account(
    id="a1",
    email="bills@example.com",
    created_at=AT,
    status="active",
    time_zone="Asia/Kolkata",
    plan="pro",
    subscription_id="s1",
    subscribed_at=AT,
    anchor=AT,
    first_period_at=AT,
    cycle=Cycle(Period(AT, AT + timedelta(days=30), "Asia/Kolkata")),
)
USER = User(
    id="u1",
    account_id="a1",
    email="grace@example.com",
    created_at=AT,
    status="active",
    role="user",
    is_root=False,
    password_hash="a hash that nobody is told",
    name="Grace",
)
KEY = Credential("k1", "api_key", "a1", "u1", "a hash that nobody is told", AT, name="ci", hint="XyZ1")
ENTRY = Entry("e1", "a1", "adjustment", -5, "order 7", AT, number=3, balance_after=-2, note="between us")

OF_USER = {"account_id": "acc-a1", "user_id": "usr-u1"}
SHOWN = {"display_name": "Grace", "role": "user", "is_root_user": False, "status": "active"}
OF_KEY = {**OF_USER, "api_key_id": "key-k1", "name": "ci"}


@pytest.mark.parametrize(
    ("event", "name", "data"),
    [
        (
            told.account_registered(ACCOUNT, replace(USER, name=None)),
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
            told.account_suspended(ACCOUNT, reason="late"),
            "AccountSuspended",
            {"account_id": "acc-a1", "reason": "late"},
        ),
        (told.account_resumed(ACCOUNT, reason="paid"), "AccountResumed", {"account_id": "acc-a1", "reason": "paid"}),
        (told.user_invited(USER), "UserInvited", {**OF_USER, "email": "grace@example.com", **SHOWN}),
        (told.user_joined(USER), "UserJoined", {**OF_USER, "display_name": "Grace"}),
        (
            told.user_changed(replace(USER, is_root=True, role="admin")),
            "UserChanged",
            {**OF_USER, **SHOWN, "role": "admin", "is_root_user": True},
        ),
        (
            told.user_suspended(replace(USER, status="disabled", suspension_reason="left")),
            "UserSuspended",
            {**OF_USER, "status": "disabled", "reason": "left"},
        ),
        (told.user_resumed(USER), "UserResumed", OF_USER),
        (told.user_deleted(USER), "UserDeleted", OF_USER),
        (told.password_changed(USER), "PasswordChanged", OF_USER),
        (told.api_key_created(KEY), "ApiKeyCreated", {**OF_KEY, "expires_at": None}),
        (
            told.api_key_created(replace(KEY, expires_at=AT)),
            "ApiKeyCreated",
            {**OF_KEY, "expires_at": "2026-04-27T12:34:56.789Z"},
        ),
        (told.api_key_revoked(KEY), "ApiKeyRevoked", OF_KEY),
        (
            told.subscription_started(ACCOUNT),
            "SubscriptionStarted",
            {
                "account_id": "acc-a1",
                "subscription_id": "sub-s1",
                "plan_name": "pro",
                "started_at": "2026-04-27T12:34:56.789Z",
            },
        ),
        (
            told.wallet_moved(ENTRY),
            "WalletMoved",
            {
                "account_id": "acc-a1",
                "entry_id": "led-e1",
                "number": 3,
                "kind": "adjustment",
                "amount": -5,
                "balance": -2,
                "reference": "order 7",
            },
        ),
    ],
)
def test_an_event_tells_the_facts_with_prefixed_ids_and_nothing_else(
    event: BusEvent, name: str, data: dict[str, object]
) -> None:
    assert event == BusEvent(name, data, version=1)
