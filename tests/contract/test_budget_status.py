"""GET /v1/budgets/status: how much of the budget is used in the present period, and the projection."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.bills import APRIL, MAY, create_member_in_zone, create_pro_member, get, use
from tests.contract.budgets import DEFAULT_THRESHOLDS, STATUS, budget, create_budget, status, update_budget
from tests.contract.examples import expect
from tests.support.app import App, Member
from tests.support.call import call

NOW = datetime(2026, 4, 20, 12, 34, 56, tzinfo=UTC)


@pytest.fixture
def root(app: App) -> Member:
    """The root user of an account whose period is April 2026; today is the 20th of its 30 days."""
    member = create_pro_member(app)
    app.clock.moment = NOW
    return member


def current(member: Member) -> Any:
    return get(member, "/v1/billing/current").json["data"]


def test_the_documents_example(app: App, root: Member) -> None:
    create_budget(root, alert_thresholds=[50])
    use(app, root, "42.75", time=NOW)
    assert call("GET", STATUS, key=root.api_key).json == {
        "success": True,
        "data": {
            "budget_id": 1,
            "account_id": root.subject,
            "budget_amount": 100,
            "amount_used": 42.75,
            "percentage_used": 42.75,
            "remaining_budget": 57.25,
            "projected_amount": 64.13,
            "projected_reached_on": None,
            "limit_type": "soft",
            "is_restricted": False,
            "is_active": True,
            "period_start": "2026-04-01T00:00:00Z",
            "period_end": "2026-04-30T00:00:00Z",
            "alert_thresholds": [{"percent": 50, "enabled": True}],
            "check_interval_minutes": 5,
            "cooldown_hours": 24,
        },
        "timestamp": "2026-04-20T12:34:56Z",
    }


def test_without_a_budget_there_is_null(app: App, root: Member) -> None:
    use(app, root, "42.75", time=NOW)
    expect(call("GET", STATUS, key=root.api_key), 200, "budget_none")


def test_without_usage_all_amounts_are_zero(root: Member) -> None:
    create_budget(root)
    body = status(root)
    assert (body["amount_used"], body["percentage_used"], body["remaining_budget"]) == (0, 0, 100)
    assert (body["projected_amount"], body["projected_reached_on"]) == (0, None)
    assert body["alert_thresholds"] == DEFAULT_THRESHOLDS


def test_the_status_repeats_the_budgets_terms(root: Member) -> None:
    create_budget(root)
    update_budget(root, limit_type="hard", is_active=False, alert_thresholds=[{"percent": 99.5, "enabled": False}])
    body, now = status(root), budget(root)
    assert body["budget_id"] == now["id"]
    for name in ("account_id", "budget_amount", "alert_thresholds", "limit_type", "is_active", "is_restricted"):
        assert body[name] == now[name]


def test_the_remaining_budget_may_be_negative(app: App, root: Member) -> None:
    create_budget(root)
    use(app, root, "250.5", time=NOW)
    body = status(root)
    assert (body["amount_used"], body["percentage_used"], body["remaining_budget"]) == (250.5, 250.5, -150.5)


@pytest.mark.parametrize(
    ("used", "amount", "percentage"),
    [
        ("2", 3, 66.66),
        ("2.99", 3, 99.66),
        ("0.01", 300, 0),
        ("99.99", 100, 99.99),
        ("1", 10**15, 0),
        ("1", 0.01, 10000),
    ],
)
def test_the_percentage_is_rounded_down(app: App, root: Member, used: str, amount: float, percentage: float) -> None:
    create_budget(root, amount)
    use(app, root, used, time=NOW)
    assert status(root)["percentage_used"] == percentage


def test_the_amount_used_is_the_billed_usage_without_the_fee(app: App, root: Member) -> None:
    create_budget(root)
    for cost in ("0.004", "0.003", "12.345"):
        use(app, root, cost, time=NOW)
    bill = current(root)
    assert (status(root)["amount_used"], bill["current_cost"]) == (12.35, 12.35)
    assert bill["subscription_fee"]["final"] == 20


@pytest.mark.parametrize("day", [0, 6, 19, 29])
def test_the_projected_amount_equals_the_current_bills(app: App, root: Member, day: int) -> None:
    create_budget(root)
    use(app, root, "31.41", time=APRIL)
    app.clock.moment = APRIL + timedelta(days=day, hours=23, minutes=59)
    assert status(root)["projected_amount"] == current(root)["projected_cost"] >= 31.41


@pytest.mark.parametrize(
    ("amount", "day"),
    [
        (40, None),  # reached
        (39.99, None),
        (40.01, "2026-04-21"),
        (42, "2026-04-21"),
        (42.01, "2026-04-22"),
        (60, "2026-04-30"),
        (60.01, None),  # not within the period
    ],
)
def test_the_projected_day_is_when_the_budget_is_reached_at_this_rate(
    app: App, root: Member, amount: float, day: str | None
) -> None:
    """The usage is 2.00 a day."""
    create_budget(root, amount)
    use(app, root, "40", time=NOW)
    assert status(root)["projected_reached_on"] == day


def test_the_projected_day_is_of_the_accounts_zone(app: App) -> None:
    root = create_member_in_zone(app, "Pacific/Auckland", since=datetime(2026, 3, 31, 12, tzinfo=UTC))
    create_budget(root)
    app.clock.moment = datetime(2026, 4, 9, 11, 59, tzinfo=UTC)  # 9 April there, and a minute later the 10th
    use(app, root, "50", time=app.clock.now())
    assert status(root)["projected_reached_on"] == "2026-04-18"
    app.clock.advance(minutes=1)
    assert status(root)["projected_reached_on"] == "2026-04-20"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_the_period_equals_the_current_bills(app: App, zone: str) -> None:
    root = create_member_in_zone(app, zone, since=datetime(2026, 3, 1, 15, tzinfo=UTC))
    create_budget(root)
    for moment in (NOW, NOW + timedelta(days=200)):
        app.clock.moment = moment
        body = status(root)
        assert {"start": body["period_start"], "end": body["period_end"]} == current(root)["current_period"]


def test_a_new_period_starts_at_zero(app: App, root: Member) -> None:
    create_budget(root)
    use(app, root, "99", time=NOW)
    app.clock.moment = MAY
    body = status(root)
    assert (body["amount_used"], body["remaining_budget"]) == (0, 100)
    assert (body["period_start"], body["period_end"]) == ("2026-05-01T00:00:00Z", "2026-05-31T00:00:00Z")


def test_late_usage_does_not_count_in_the_present_period(app: App, root: Member) -> None:
    create_budget(root)
    app.clock.moment = MAY
    use(app, root, "7", time=NOW)
    assert status(root)["amount_used"] == 0


@pytest.mark.parametrize(("used", "restricted"), [("99.99", False), ("100", True), ("100.01", True)])
def test_a_hard_limit_restricts_from_exactly_100_percent(app: App, root: Member, used: str, restricted: bool) -> None:
    create_budget(root, limit_type="hard", alert_thresholds=[])
    use(app, root, used, time=NOW)
    assert status(root)["is_restricted"] is budget(root)["is_restricted"] is restricted
