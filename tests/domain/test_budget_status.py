"""A budget's status, and the forecast of the day that reaches it at the present rate."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tallybook.domain.budget_status import BudgetStatus, Forecast, forecast
from tallybook.domain.budgets import Budget, LimitType, Spending
from tallybook.domain.periods import Period, period_of, schedule_from

UNIT = 1_000_000
APRIL, MAY = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
PERIOD = Period(APRIL, MAY, "UTC")


def status(amount: object, used: object, *, period: Period = PERIOD, limit_type: LimitType = "soft") -> BudgetStatus:
    budget = Budget(12, "a", _micros(amount), created_at=APRIL, updated_at=APRIL, limit_type=limit_type)
    return BudgetStatus(budget, Spending(period, _micros(used)))


def _micros(units: object) -> int:
    return int(Decimal(str(units)) * UNIT)


def on(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 4, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "used", "percentage", "remaining"),
    [
        (100, "42.75", "42.75", "57.25"),
        (100, 0, "0.00", "100"),
        (100, 100, "100.00", "0"),
        (100, "250.01", "250.01", "-150.01"),
        (3, 2, "66.66", "1"),
    ],
)
def test_a_status_has_the_used_percentage_and_the_rest(
    amount: object, used: object, percentage: str, remaining: str
) -> None:
    shown = status(amount, used)
    assert (str(shown.percentage_used), shown.remaining) == (percentage, _micros(remaining))


def test_a_hard_budget_restricts_by_present_usage_not_by_announcements() -> None:
    assert status(100, 100, limit_type="hard").is_restricted
    assert not status(100, "99.99", limit_type="hard").is_restricted
    below = status(100, 1, limit_type="hard")
    assert not replace(below, budget=replace(below.budget, restricted=True)).is_restricted


@pytest.mark.parametrize(
    ("amount", "used", "now", "projected", "reached_on"),
    [
        (100, 10, on(1), 300, date(2026, 4, 10)),
        (100, 10, on(10), 30, None),
        (30, 10, on(10), 30, date(2026, 4, 30)),
        ("30.01", 10, on(10), 30, None),
        ("29.01", 10, on(10), 30, date(2026, 4, 30)),
        (29, 10, on(10), 30, date(2026, 4, 29)),
        ("10.01", 10, on(10), 30, date(2026, 4, 11)),
        (10, 10, on(10), 30, None),
        (5, 10, on(10), 30, None),
        (5, 0, on(10), 0, None),
        (100, "99.99", on(30), "99.99", None),
        (100, 7, on(2), 105, date(2026, 4, 29)),
        (10**15, 10**15 - 1, on(1), 30 * (10**15 - 1), date(2026, 4, 2)),
    ],
    ids=str,
)
def test_the_forecast_day_is_the_first_to_reach_the_budget_at_this_rate(
    amount: object, used: object, now: datetime, projected: object, reached_on: date | None
) -> None:
    assert forecast(status(amount, used), currency="USD", now=now) == Forecast(_micros(projected), reached_on)


def test_a_projection_at_the_budget_reaches_it_by_the_last_day() -> None:
    """99.9964 is shown as 100.00."""
    shown = forecast(status(100, "93.33"), currency="USD", now=on(28))
    assert shown == Forecast(_micros(100), date(2026, 4, 30))
    assert forecast(status(100, "93.32"), currency="USD", now=on(28)) == Forecast(_micros("99.99"), None)


def test_days_are_counted_in_the_accounts_time_zone() -> None:
    """It is the 1st in UTC but the 2nd in Auckland: half the daily rate."""
    period = period_of(schedule_from(datetime(2026, 3, 31, 11, tzinfo=UTC), "Pacific/Auckland"), on(5))
    assert (period.first_day, period.last_day) == (date(2026, 4, 1), date(2026, 4, 30))
    for now, reached_on in ((on(1, 10), date(2026, 4, 10)), (on(1, 11), date(2026, 4, 20))):
        assert forecast(status(100, 10, period=period), currency="USD", now=now).reached_on == reached_on


@pytest.mark.parametrize("zone", ["UTC", "America/Santiago", "Asia/Kolkata", "Pacific/Chatham"])
def test_no_earlier_day_than_the_forecast_reaches_the_budget(zone: str) -> None:
    period = period_of(schedule_from(datetime(2026, 1, 31, 5, tzinfo=UTC), zone), on(5))
    for elapsed in range(period.days):
        now = min(period.start + timedelta(days=elapsed, hours=1), period.end - timedelta(seconds=1))
        for used in (1, 37, 99):
            found = forecast(status(100, used, period=period), currency="USD", now=now)
            days = period.days_elapsed(now)
            rated = [
                period.first_day + timedelta(days=n - 1) for n in range(1, period.days + 1) if used * n >= 100 * days
            ]
            assert found.reached_on == (rated[0] if rated else None)
            assert found.reached_on is None or period.first_day < found.reached_on <= period.last_day
