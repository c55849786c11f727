"""Budget messages: what a threshold told when it alerted, and to whom its mail really went.

Source: ScaleBox budgets, "List Budget Messages"; money, "Budgets". They are numbered by account; a page shows those of
the present budget.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.budgets import Budget, Reached, Threshold
from tallybook.domain.ids import derived_id
from tallybook.domain.periods import Period

SUBJECT = "Budget threshold reached"
_NOTIFICATION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class BudgetMessage:
    """The account's `number`th ever. Amounts are micros; `sent` are the addresses to which its mail went, `bounced`
    those of them that it never reached.
    """

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
        """Who has got its mail, as far as anybody knows."""
        return tuple(address for address in self.sent if address not in self.bounced)


def messages_of(reached: Reached, *, first: int, now: datetime) -> tuple[BudgetMessage, ...]:
    """One for each threshold, lowest first, numbered from `first`; they share a notification."""
    budget = reached.budget
    notification = notification_id(budget, first)
    return tuple(
        BudgetMessage(
            number=number,
            account_id=budget.account_id,
            budget=budget.number,
            threshold=threshold,
            used=reached.spending.used,
            amount=budget.amount,
            notification_id=notification,
            period=reached.spending.period,
            created_at=now,
        )
        for number, threshold in enumerate(reached.thresholds, first)
    )


def notification_id(budget: Budget, first: int) -> str:
    """12 hexadecimal digits that follow from the first of its messages: no crossing has two."""
    return derived_id("notification", budget.account_id, str(first)).replace("-", "")[:_NOTIFICATION_DIGITS]


def numbers_of(messages: Iterable[BudgetMessage]) -> tuple[int, int]:
    """The first and the last."""
    numbers = [message.number for message in messages]
    return numbers[0], numbers[-1]
