"""Budget messages: one for each threshold that alerted, with the addresses that its mail was sent to.

They are numbered by account. Source: docs/money.md, "Budgets".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.budgets import Budget, Threshold, ThresholdAlert
from tallybook.domain.ids import derived_id
from tallybook.domain.periods import Period

SUBJECT = "Budget threshold reached"
"""The subject in the messages, as documented by ScaleBox. The mail's goes on with the threshold and the account."""

_NOTIFICATION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class BudgetMessage:
    """`number` counts the account's messages. Amounts are micros. `bounced`: the addresses of `sent` that bounced."""

    number: int
    account_id: str
    budget: int
    threshold: Threshold
    used: int
    amount: int
    notification_id: str
    period: Period
    created_at: datetime
    sent: tuple[str, ...] = ()
    bounced: frozenset[str] = frozenset()

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses that the mail was sent to, without those that bounced."""
        return tuple(address for address in self.sent if address not in self.bounced)


def alert_messages(alert: ThresholdAlert, *, first: int, now: datetime) -> tuple[BudgetMessage, ...]:
    """One message for each threshold, lowest first, numbered from `first`; they share a notification."""
    budget = alert.budget
    notification = notification_id(budget, first)
    return tuple(
        BudgetMessage(
            number=number,
            account_id=budget.account_id,
            budget=budget.number,
            threshold=threshold,
            used=alert.spending.used,
            amount=budget.amount,
            notification_id=notification,
            period=alert.spending.period,
            created_at=now,
        )
        for number, threshold in enumerate(alert.thresholds, first)
    )


def notification_id(budget: Budget, first: int) -> str:
    """12 hexadecimal digits, derived from the number of the first message, so that a retry gets the same id."""
    return derived_id("notification", budget.account_id, str(first)).replace("-", "")[:_NOTIFICATION_DIGITS]


def first_and_last_number(messages: Iterable[BudgetMessage]) -> tuple[int, int]:
    numbers = [message.number for message in messages]
    return numbers[0], numbers[-1]
