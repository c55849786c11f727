"""GET /v1/billing/current: the document's example, reproduced from usage, and the rules of each amount."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import call

APRIL = datetime(2026, 4, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)

# At 0.000014 for a CPU second and 0.000166667 for a minute of size S: 11.70 and 1.14.
SANDBOX_SECONDS = 835_714
APP_MINUTES = 6_840


@pytest.fixture
def april(app: App) -> Member:
    """An account on Pro since 1 April; today is 20 April."""
    app.apply_catalog(free_plan="pro")
    app.clock.moment = APRIL + timedelta(hours=9)
    member = app.member()
    app.clock.moment = NOW
    return member


def send(app: App, *events: dict[str, Any]) -> None:
    answer = call("POST", "/v1/platform/events", key=app.platform_key("usage:write"), body=list(events))
    assert answer.json["data"]["accepted"] == len(events), answer.text


def run_sessions(app: App, member: Member, *, started: int, ended: int) -> None:
    key = app.platform_key("sessions:write")
    size = {"cpu_cores": 1, "memory_gb": 2, "storage_gb": 5, "timeout_seconds": 3600}
    for number in range(started):
        body = {"account_id": member.subject, "user_id": member.user_id, "session_id": f"run-{number}", **size}
        assert call("POST", "/v1/platform/sessions", key=key, body=body).status == 201
    for number in range(ended):
        assert call("POST", f"/v1/platform/sessions/run-{number}/end", key=key).status == 200


def current(member: Member) -> Any:
    return expect(call("GET", "/v1/billing/current", key=member.api_key), 200, "billing_current")["data"]


def test_the_documents_example_comes_out_of_usage_that_costs_12_84(app: App, april: Member) -> None:
    run_sessions(app, april, started=18, ended=17)
    send(
        app,
        app.event(april, quantity=SANDBOX_SECONDS - 99_286, time=APRIL + timedelta(days=4)),
        app.event(april, quantity=99_286, time=datetime(2026, 4, 19, 23, 59, 59, tzinfo=UTC)),
        app.event(april, meter="container_minutes", sku="S", quantity=APP_MINUTES),
    )
    data = current(april)
    assert data.pop("daily_trend")[18] == {"date": "2026-04-19T00:00:00Z", "cost": 1.39}
    assert data == {
        "current_period": {"start": "2026-04-01T00:00:00Z", "end": "2026-04-30T00:00:00Z"},
        "current_cost": 12.84,
        "projected_cost": 19.26,
        "active_sessions": 1,
        "completed_sessions": 17,
        "subscription_fee": {"plan_name": "Pro", "standard": 20, "credit": 0, "final": 20},
        "cost_breakdown": [
            {"resource_type": "sandbox", "cost": 11.7, "percentage": 91.12},
            {"resource_type": "app", "cost": 1.14, "percentage": 8.88},
        ],
    }


def test_the_trend_is_every_utc_day_up_to_today_and_adds_up_to_the_cost(app: App, april: Member) -> None:
    quantities = (71_429, 1, 500_000, 333_333, 7)
    times = [APRIL + timedelta(days=5 * index, minutes=index) for index in range(4)]
    send(
        app,
        *(
            app.event(april, quantity=quantity, time=time)
            for quantity, time in zip(quantities, [*times, NOW], strict=True)
        ),
        app.event(april, meter="ram_gb_seconds", quantity="1234567.891", time=times[1]),
    )
    data = current(april)
    days = [row["date"] for row in data["daily_trend"]]
    assert days == [f"2026-04-{day:02d}T00:00:00Z" for day in range(1, 21)]
    costs = [Decimal(str(row["cost"])) for row in data["daily_trend"]]
    assert sum(costs) == Decimal(str(data["current_cost"]))
    assert [day for day, cost in zip(days, costs, strict=True) if cost] == [days[0], days[5], days[10], days[15]]
    assert sum(Decimal(str(row["cost"])) for row in data["cost_breakdown"]) == sum(costs)


def test_amounts_are_json_numbers_without_needless_decimals(app: App, april: Member) -> None:
    send(app, app.event(april, quantity=1_000_000, time=APRIL))
    text = call("GET", "/v1/billing/current", key=april.api_key).text.replace(" ", "")
    assert '"current_cost":14,' in text
    assert '"projected_cost":21,' in text
    assert '"percentage":100}' in text
    assert '"standard":20,"credit":0,"final":20' in text


def test_an_account_without_usage_owes_nothing_and_lists_every_day(app: App, april: Member) -> None:
    data = call("GET", "/v1/billing/current", key=april.api_key).json["data"]
    assert (data["current_cost"], data["projected_cost"], data["cost_breakdown"]) == (0, 0, [])
    assert [row["cost"] for row in data["daily_trend"]] == [0] * 20


def test_the_cost_excludes_the_fee_and_the_wallets_usage(app: App, april: Member) -> None:
    send(app, app.event(april, meter="credits", quantity=5_000_000), app.event(april, quantity=1_000_000))
    assert current(april)["current_cost"] == 14


@pytest.mark.parametrize(
    ("day", "projected"),
    [(1, 30 * 14), (2, 15 * 14), (20, 21), (30, 14)],
)
def test_the_projection_counts_calendar_days_including_both_ends(
    app: App, april: Member, day: int, projected: int
) -> None:
    app.clock.moment = APRIL + timedelta(hours=9)
    send(app, app.event(april, quantity=1_000_000, time=APRIL))
    app.clock.moment = datetime(2026, 4, day, 23, 59, 59, tzinfo=UTC)
    assert current(april)["projected_cost"] == projected


def test_the_next_period_starts_at_zero_on_the_anniversary(app: App, april: Member) -> None:
    send(app, app.event(april, quantity=1_000_000))
    app.clock.moment = datetime(2026, 5, 1, tzinfo=UTC)
    send(app, app.event(april, quantity=500_000))
    data = current(april)
    assert data["current_period"] == {"start": "2026-05-01T00:00:00Z", "end": "2026-05-31T00:00:00Z"}
    assert (data["current_cost"], data["projected_cost"]) == (7, 217)
    assert data["daily_trend"] == [{"date": "2026-05-01T00:00:00Z", "cost": 7}]


def test_a_period_runs_from_the_registration_day_for_a_month(app: App) -> None:
    app.clock.moment = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    member = app.member()
    body = []
    for moment in ((2026, 1, 31, 23, 45), (2026, 2, 28, 0, 0), (2026, 3, 31, 0, 0), (2026, 4, 30, 12, 0)):
        app.clock.moment = datetime(*moment, tzinfo=UTC)
        period = call("GET", "/v1/billing/current", key=member.api_key).json["data"]["current_period"]
        body.append((period["start"][:10], period["end"][:10]))
    assert body == [
        ("2026-01-31", "2026-02-27"),
        ("2026-02-28", "2026-03-30"),
        ("2026-03-31", "2026-04-29"),
        ("2026-04-30", "2026-05-30"),
    ]
