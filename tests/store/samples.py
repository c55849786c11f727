"""A sample of each stored thing, with the fewest and with all fields."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tallybook.domain.accounts import (
    Account,
    BillingTerms,
    Correction,
    Counts,
    FeeTerms,
    Receivables,
    Suspension,
    User,
    Wallet,
)
from tallybook.domain.audit import SESSIONS, Actor
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.credentials import Credential
from tallybook.domain.periods import BillingSchedule, Period, schedule_from, with_anchor
from tallybook.domain.recent_changes import RecentChanges
from tallybook.domain.sessions import Session
from tallybook.domain.usage import Event
from tallybook.domain.wallet import Entry
from tallybook.store.commands import Put
from tallybook.store.table import Tables

NOW = datetime(2026, 4, 20, 12, 34, 56, 789_000, tzinfo=UTC)
APRIL = Period(start=datetime(2026, 4, 1, tzinfo=UTC), end=datetime(2026, 5, 1, tzinfo=UTC), zone="Asia/Kolkata")

ACCOUNT = Account(
    id="a",
    email="a@example.com",
    created_at=NOW,
    status="active",
    plan="pro",
    subscription_id="s",
    subscribed_at=NOW + timedelta(seconds=1),
    schedule=BillingSchedule(
        datetime(2026, 3, 31),  # noqa: DTZ001 a wall time has no zone
        "Asia/Kolkata",
        since=NOW,
        first=3,
        before=with_anchor(schedule_from(NOW - timedelta(days=60), "UTC"), NOW - timedelta(days=1)),
    ),
    first_period_at=NOW - timedelta(days=2),
    closing_cursor=ClosingCursor(APRIL),
)
FULL_ACCOUNT = replace(
    ACCOUNT,
    receivables=Receivables((2, 5), {2: 420_000}, NOW),
    corrections={"2026-03-01T00:00:00.000Z": Correction(7, 8, is_void=True)},
    status="suspended",
    email_unconfirmed=True,
    display_name="A",
    description="",
    closing_cursor=ClosingCursor(APRIL, carried_credit=12_340_000),
    counts=Counts(*range(1, len(Counts._fields) + 1)),
    recent=RecentChanges(29_000_000, 7),
    wallet=Wallet(balance=-5, entry_count=7, welcome=11),
    billing=BillingTerms(tax_rate=Decimal("7.7"), discount=Decimal(25)),
    suspension=Suspension({"2026-03-01T00:00:00.000Z": 86_400_000}, at=NOW, reason="abuse"),
    allocated={"ram_gb_seconds": 10**15},
    hard_limit=100_000_000,
    fee_year=FeeTerms(NOW - timedelta(days=1), 120_000_000, Decimal("12.5")),
)
USER = User(
    id="u",
    account_id="a",
    email="u@example.com",
    created_at=NOW,
    status="active",
    role="admin",
    is_root=False,
    password_hash="hash",
)
FULL_USER = replace(
    USER,
    name="U",
    running_count=3,
    key_count=4,
    generation=5,
    is_root=True,
    status="suspended",
    role="user",
    suspended_at=NOW,
    suspension_reason="left",
    email_unconfirmed=True,
    allocation_id="q",
    quota={"ram_gb_seconds": 10**15, "concurrent_sandboxes": 0},
    request_id="r",
)
KEY = Credential(id="c", kind="api_key", account_id="a", user_id="u", secret_hash="h", created_at=NOW)
FULL_KEY = replace(KEY, expires_at=NOW + timedelta(days=1), name="ci", hint="abcd")
SIGN_IN = replace(KEY, kind="session", expires_at=NOW + timedelta(hours=24))
ENTRY = Entry(id="e", account_id="a", kind="grant", amount=500, cause="order 7", created_at=NOW)
SESSION = Session(
    id="x",
    account_id="a",
    user_id="u",
    cpu_cores=Decimal("0.125"),
    memory_gb=Decimal(4),
    storage_gb=Decimal("1E+2"),
    started_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    started_by=Actor("platform", "plk-p", address="203.0.113.7"),
)
ENDED = replace(SESSION, status="ended", ended_at=datetime(2026, 4, 20, 13, tzinfo=UTC), ended_by=SESSIONS)
EVENT = Event(
    source="metal-7", id="1", time=NOW, account_id="a", meter="cpu_seconds", quantity=Decimal("2.50"), user_id="u"
)


def write_and_read(tables: Tables, put: Put) -> dict[str, Any]:
    tables.write(put)
    item = tables.get(put.key)
    assert item is not None
    return item


def billing_period(shards: int = 1) -> BillingPeriod:
    return BillingPeriod(period=APRIL, plan="pro", catalog_version=3, shards=shards, is_open=True)
