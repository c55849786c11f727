"""The account whose events the tests of this folder build."""

from datetime import UTC, datetime

from tallybook.domain.accounts import Account
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.periods import Period, schedule_from

AT = datetime(2026, 4, 27, 12, 34, 56, 789_000, tzinfo=UTC)
PERIOD = Period(datetime(2026, 3, 31, 18, 30, tzinfo=UTC), datetime(2026, 4, 30, 18, 30, tzinfo=UTC), "Asia/Kolkata")
ACCOUNT = Account(
    id="a1",
    email="bills@example.com",
    created_at=AT,
    status="active",
    plan="pro",
    subscription_id="s1",
    subscribed_at=AT,
    schedule=schedule_from(AT, "Asia/Kolkata"),
    first_period_at=AT,
    closing_cursor=ClosingCursor(PERIOD),
)
