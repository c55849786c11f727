"""One message for each alerting threshold; those of one check share a notification and its recipients."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from tallybook.domain.budget_messages import BudgetMessage, alert_messages, first_and_last_number, notification_id
from tallybook.domain.budgets import DEFAULT_THRESHOLDS, Budget, Spending, ThresholdAlert
from tallybook.domain.periods import Period

UNIT = 1_000_000
APRIL, NOW = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 18, 8, 5, tzinfo=UTC)
PERIOD = Period(APRIL, datetime(2026, 5, 1, tzinfo=UTC), "UTC")
BUDGET = Budget(12, "a", 100 * UNIT, created_at=APRIL, updated_at=APRIL)
REACHED = ThresholdAlert(BUDGET, DEFAULT_THRESHOLDS[:2], Spending(PERIOD, 82_500_000))


def test_each_alerting_threshold_has_its_own_numbered_message() -> None:
    first, second = alert_messages(REACHED, first=88, now=NOW)
    assert first == BudgetMessage(
        number=88,
        account_id="a",
        budget=12,
        threshold=DEFAULT_THRESHOLDS[0],
        used=82_500_000,
        amount=100 * UNIT,
        notification_id=notification_id(BUDGET, 88),
        period=PERIOD,
        created_at=NOW,
    )
    assert second == replace(first, number=89, threshold=DEFAULT_THRESHOLDS[1])
    assert first_and_last_number((first, second)) == (88, 89)
    assert first_and_last_number((second,)) == (89, 89)


def test_each_crossing_has_its_own_notification_id() -> None:
    """An account's budgets share one numbering, so another budget never has the same numbers."""
    accounts = [replace(BUDGET, account_id=str(number)) for number in range(20)]
    ids = {notification_id(budget, first) for budget in accounts for first in range(1, 50)}
    assert len(ids) == 20 * 49
    assert {len(one) for one in ids} == {12}
    assert set("".join(ids)) <= set("0123456789abcdef")
    assert notification_id(BUDGET, 7) == notification_id(replace(BUDGET, amount=1), 7)


def test_recipients_are_the_sent_addresses_that_did_not_bounce() -> None:
    (message,) = alert_messages(REACHED._replace(thresholds=DEFAULT_THRESHOLDS[:1]), first=1, now=NOW)
    assert message.recipients == ()
    sent = replace(message, sent=("b@x.example", "a@x.example", "c@x.example"))
    assert sent.recipients == ("b@x.example", "a@x.example", "c@x.example")
    assert replace(sent, bounced=frozenset({"a@x.example", "z@x.example"})).recipients == ("b@x.example", "c@x.example")
    assert replace(sent, bounced=frozenset(sent.sent)).recipients == ()


def test_a_threshold_is_a_warning_below_100_percent_and_exceeded_from_there() -> None:
    percents = [Decimal(text) for text in ("0.01", "99.99", "100", "100.01", "1000")]
    kinds = [DEFAULT_THRESHOLDS[0]._replace(percent=percent).type for percent in percents]
    assert kinds == ["warning", "warning", "exceeded", "exceeded", "exceeded"]
