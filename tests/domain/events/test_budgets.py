"""The data of each budget event."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tallybook.domain.budget_messages import alert_messages
from tallybook.domain.budgets import Budget, LastAlert, Spending, Threshold, ThresholdAlert
from tallybook.domain.events import budgets
from tallybook.domain.outbox import BusEvent
from tallybook.domain.periods import Period

AT = datetime(2026, 4, 18, 8, 5, tzinfo=UTC)
PERIOD = Period(datetime(2026, 3, 31, 18, 30, tzinfo=UTC), datetime(2026, 4, 30, 18, 30, tzinfo=UTC), "Asia/Kolkata")
BUDGET = Budget(2, "a1", 100_000_000, created_at=AT, updated_at=AT)
SPENT = Spending(PERIOD, 100_250_000)

BUDGET_IDS = {"account_id": "acc-a1", "budget_id": 2}
PERIOD_FIELDS = {"period_start": "2026-03-31T18:30:00.000Z", "period_end": "2026-04-30T18:30:00.000Z"}
RESTRICTION_FIELDS = {**BUDGET_IDS, "budget_amount": 100_000_000, "used": 100_250_000, **PERIOD_FIELDS}


@pytest.mark.parametrize(
    ("event", "name", "data"),
    [
        (
            budgets.budget_set(
                replace(BUDGET, thresholds=(Threshold(Decimal("5E+1")), Threshold(Decimal("87.50"), enabled=False)))
            ),
            "BudgetSet",
            {
                **BUDGET_IDS,
                "budget_amount": 100_000_000,
                "thresholds": [{"percent": "50", "enabled": True}, {"percent": "87.5", "enabled": False}],
                "limit_type": "soft",
                "notification_emails": [],
                "is_active": True,
            },
        ),
        (
            budgets.budget_set(
                replace(BUDGET, thresholds=(), limit_type="hard", emails=("cfo@example.com",), is_active=False)
            ),
            "BudgetSet",
            {
                **BUDGET_IDS,
                "budget_amount": 100_000_000,
                "thresholds": [],
                "limit_type": "hard",
                "notification_emails": ["cfo@example.com"],
                "is_active": False,
            },
        ),
        (budgets.budget_deleted(BUDGET), "BudgetDeleted", BUDGET_IDS),
        (budgets.budget_restricted(BUDGET, SPENT), "BudgetRestricted", RESTRICTION_FIELDS),
        (budgets.restriction_lifted(BUDGET, SPENT), "BudgetRestrictionLifted", RESTRICTION_FIELDS),
    ],
)
def test_an_event_has_the_stored_values_under_the_names_of_the_api(
    event: BusEvent, name: str, data: dict[str, object]
) -> None:
    assert (event.name, event.version, dict(event.data)) == (name, 1, data)


def test_thresholds_reached_together_share_a_notification_id() -> None:
    thresholds = (Threshold(Decimal("99.99")), Threshold(Decimal(100)))
    first, second = alert_messages(ThresholdAlert(BUDGET, thresholds, SPENT), first=88, now=AT)
    assert dict(budgets.threshold_reached(first).data) == {
        **BUDGET_IDS,
        "message_id": 88,
        "notification_id": f"ntf-{first.notification_id}",
        "threshold_percent": "99.99",
        "threshold_type": "warning",
        "used": 100_250_000,
        "budget_amount": 100_000_000,
        "percentage_used": "100.25",
        **PERIOD_FIELDS,
    }
    later = budgets.threshold_reached(second).data
    assert (later["message_id"], later["threshold_type"]) == (89, "exceeded")
    assert later["notification_id"] == f"ntf-{first.notification_id}"


def test_alert_history_due_time_and_version_are_in_no_event() -> None:
    waiting = replace(
        BUDGET, alerts={Decimal(50): LastAlert(AT, still_reached=True)}, due=AT, restricted=True, version=9
    )
    assert budgets.budget_set(waiting) == budgets.budget_set(BUDGET)
