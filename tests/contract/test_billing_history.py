"""GET /v1/billing/history: the cost of usage in a range of days, across closed and open periods, and the sessions."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.services.subscriptions.change_plan import change_plan
from tests.contract.bills import (
    APRIL,
    JUNE,
    MAY,
    close_periods,
    costs_by_day,
    create_member_in_zone,
    create_pro_member,
    days,
    history,
    use,
)
from tests.support.app import App, Member
from tests.support.call import call

TICK = timedelta(minutes=30)
SIZE = {"cpu_cores": 1, "memory_gb": 2, "storage_gb": 5, "timeout_seconds": 86400}


@pytest.fixture
def april(app: App) -> Member:
    return create_pro_member(app)


def run(app: App, member: Member, name: str, *, start: datetime, end: datetime | None = None) -> None:
    key = app.platform_key("sessions:write")
    app.clock.moment = start
    body = {"account_id": member.subject, "user_id": member.user_id, "session_id": name, **SIZE}
    assert call("POST", "/v1/platform/sessions", key=key, body=body).status == 201
    if end is not None:
        app.clock.moment = end
        assert call("POST", f"/v1/platform/sessions/{name}/end", key=key).status == 200


def test_the_default_range_is_the_last_30_days(app: App, april: Member) -> None:
    run(app, april, "run-1", start=APRIL + timedelta(days=3), end=APRIL + timedelta(days=3, minutes=1))
    use(app, april, "11.70", time=APRIL + timedelta(days=3), session_id="run-1")
    app.record(app.event(april, meter="container_minutes", sku="S", quantity=6_840))
    app.clock.moment = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)
    data = history(april)
    assert days(data) == [f"2026-03-{day}T00:00:00Z" for day in range(21, 32)] + [
        f"2026-04-{day:02d}T00:00:00Z" for day in range(1, 21)
    ]
    assert data.pop("daily_costs")[14] == {"date": "2026-04-04T00:00:00Z", "cost": 12.84}
    assert data == {
        "period": {"start": "2026-03-21T12:34:56Z", "end": "2026-04-20T12:34:56Z"},
        "total_cost": 12.84,
        "sessions": [
            {
                "session_id": "run-1",
                "user_id": april.user_id,
                "started_at": "2026-04-04T00:00:00Z",
                "ended_at": "2026-04-04T00:01:00Z",
                "duration_seconds": 60,
                "cost": 11.7,
                "status": "ended",
            }
        ],
        "breakdown": [
            {"resource_type": "sandbox", "cost": 11.7, "percentage": 91.12},
            {"resource_type": "app", "cost": 1.14, "percentage": 8.88},
        ],
    }


def test_closed_and_open_periods_add_up_and_so_do_their_sessions(app: App, april: Member) -> None:
    run(app, april, "before", start=APRIL + timedelta(days=29, hours=23), end=MAY + timedelta(hours=1))
    use(app, april, "9.50", time=MAY - timedelta(minutes=5), session_id="before")
    use(app, april, "0.07", time=MAY + timedelta(minutes=5), session_id="before")
    close_periods(app, at=MAY + TICK * 3)
    run(app, april, "between", start=MAY + timedelta(days=14), end=MAY + timedelta(days=15))
    use(app, april, "1.13", time=MAY + timedelta(days=15), session_id="between")
    close_periods(app, at=JUNE + TICK)
    run(app, april, "now", start=JUNE + timedelta(days=1))
    use(app, april, "2.22", time=JUNE + timedelta(days=1, hours=3), session_id="now")
    data = history(april, start="2026-04-01T00:00:00Z", end="2026-06-30T00:00:00Z")
    assert costs_by_day(data) == {"2026-04-30": 9.5, "2026-05-01": 0.07, "2026-05-16": 1.13, "2026-06-02": 2.22}
    assert data["total_cost"] == 12.92
    assert [(row["session_id"], row["cost"], row["status"]) for row in data["sessions"]] == [
        ("now", 2.22, "running"),
        ("between", 1.13, "ended"),
        ("before", 9.57, "ended"),
    ]
    now = data["sessions"][0]
    assert (now["ended_at"], now["duration_seconds"]) == (None, 3 * 3600)


def test_a_closed_period_costs_in_history_what_it_was_billed(app: App, april: Member) -> None:
    for day in range(30):
        use(app, april, "0.333", time=APRIL + timedelta(days=day, hours=2))
    open_still = history(april, start="2026-04-01T00:00:00Z", end="2026-04-30T00:00:00Z")
    close_periods(app, at=MAY + TICK)
    closed = history(april, start="2026-04-01T00:00:00Z", end="2026-04-30T00:00:00Z")
    assert closed == open_still
    assert closed["total_cost"] == 9.99
    assert sum(costs_by_day(closed).values()) == pytest.approx(9.99)
    half = history(april, start="2026-04-01T00:00:00Z", end="2026-04-15T00:00:00Z")
    assert costs_by_day(half) == {day: cost for day, cost in costs_by_day(closed).items() if day <= "2026-04-15"}


def test_a_day_with_a_plan_change_has_its_whole_cost(app: App, april: Member) -> None:
    noon = APRIL + timedelta(days=9, hours=12)
    run(app, april, "run-1", start=noon - timedelta(hours=1))
    use(app, april, "1.40", time=noon - timedelta(minutes=1), session_id="run-1")
    app.clock.moment = noon
    change_plan(app.ctx, app.account_of(april), "hobby", actor=OPERATOR, must_pay=False)
    use(app, april, "0.70", time=noon + timedelta(minutes=1), session_id="run-1")
    data = history(april)
    assert costs_by_day(data) == {"2026-04-10": 2.1}
    assert data["sessions"][0]["cost"] == 2.1


def test_fee_wallet_usage_and_late_usage_are_not_in_the_history(app: App, april: Member) -> None:
    app.record(app.event(april, meter="credits", quantity=500_000))
    close_periods(app, at=MAY + TICK)
    use(app, april, "0.70", time=MAY - timedelta(hours=1))
    assert history(april, start="2026-04-01T00:00:00Z")["total_cost"] == 0


def test_an_ended_period_that_is_not_closed_is_in_the_history(app: App, april: Member) -> None:
    use(app, april, "9.50", time=APRIL)
    use(app, april, "0.70", time=MAY + timedelta(minutes=10))
    assert costs_by_day(history(april)) == {"2026-04-01": 9.5, "2026-05-01": 0.7}


def test_a_period_of_another_zone_counts_by_utc_days(app: App) -> None:
    member = create_member_in_zone(app, "Asia/Kolkata", since=datetime(2026, 3, 1, 15, tzinfo=UTC))
    use(app, member, "1.40", time=datetime(2026, 3, 31, 18, 29, tzinfo=UTC))
    use(app, member, "0.70", time=datetime(2026, 3, 31, 18, 31, tzinfo=UTC))
    close_periods(app, at=datetime(2026, 4, 1, tzinfo=UTC))
    data = history(member, start="2026-03-31T00:00:00Z", end="2026-03-31T00:00:00Z")
    assert costs_by_day(data) == {"2026-03-31": 2.1}


def test_the_newest_hundred_sessions_are_listed(app: App, april: Member) -> None:
    for number in range(103):
        app.clock.moment = APRIL + timedelta(minutes=number)
        run(app, april, f"run-{number}", start=app.clock.moment, end=app.clock.moment)
    use(app, april, "0.70", time=app.clock.moment, session_id="run-0")
    data = history(april)
    assert [row["session_id"] for row in data["sessions"]] == [f"run-{number}" for number in range(102, 2, -1)]
    assert {row["cost"] for row in data["sessions"]} == {0}
    assert data["total_cost"] == 0.7


def test_the_accounts_sessions_that_started_in_the_range_are_listed(app: App, april: Member) -> None:
    other = app.member()
    for day in (1, 2, 3):
        run(app, april, f"mine-{day}", start=APRIL + timedelta(days=day))
        run(app, other, f"theirs-{day}", start=APRIL + timedelta(days=day))
    data = history(april, start="2026-04-03T12:00:00Z", end="2026-04-03T12:00:00Z")
    assert [row["session_id"] for row in data["sessions"]] == ["mine-2"]


def test_any_user_reads_the_history_suspended_or_not(app: App, april: Member) -> None:
    plain = app.colleague(april)
    use(app, april, "1.40", time=APRIL)
    app.change_account(april, status="suspended")
    assert history(plain)["total_cost"] == 1.4


def test_round_trips_do_not_grow_with_events_or_periods(app: App, april: Member) -> None:
    meter = app.meter

    def cost_of_reading() -> tuple[int, list[str]]:
        start = max(APRIL, app.clock.moment - timedelta(days=366))
        history(april, start=start.isoformat().replace("+00:00", "Z"))
        meter.clear()
        history(april, start=start.isoformat().replace("+00:00", "Z"))
        return meter.calls, list(meter.operations)

    run(app, april, "run-1", start=APRIL, end=APRIL + timedelta(hours=1))
    use(app, april, "1.40", time=APRIL, session_id="run-1")
    first = cost_of_reading()
    for month in range(5, 13):
        use(app, april, "1.40", time=datetime(2026, month - 1, 3, tzinfo=UTC), session_id="run-1")
        run(app, april, f"run-{month}", start=datetime(2026, month - 1, 4, tzinfo=UTC))
        close_periods(app, at=datetime(2026, month, 1, 0, 30, tzinfo=UTC))
    assert cost_of_reading() == first == (5, ["get_many", "query", "query", "query", "get_many"])
