"""A plan and an account to compute fees from."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from tallybook.domain.accounts import Account, BillingTerms
from tallybook.domain.catalog import Plan
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.periods import period_of, schedule_from

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def plan(price: int = 100_000_000, interval: Literal["month", "year"] = "month") -> Plan:
    return Plan("pro", "Pro", "For teams", price, interval, {})


def account(anchor: datetime = JANUARY, *, discount: Decimal = Decimal(0), **more: Any) -> Account:
    first = period_of(schedule_from(anchor, "UTC"), anchor)
    known = Account(
        id="a",
        email="a@example.com",
        created_at=anchor,
        status="active",
        plan="pro",
        subscription_id="s",
        subscribed_at=anchor,
        schedule=schedule_from(anchor, "UTC"),
        first_period_at=anchor,
        closing_cursor=ClosingCursor(first),
        billing=BillingTerms(discount=discount),
    )
    return replace(known, **more)
