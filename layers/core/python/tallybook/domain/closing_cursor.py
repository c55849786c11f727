"""An account's closing cursor: the oldest period that is not closed, and when it may be closed.

Periods are closed in order, each once: closing one moves the cursor to the next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tallybook.domain.periods import Period

GRACE = timedelta(minutes=30)
"""How long after its end a period still takes usage."""


@dataclass(frozen=True, slots=True)
class ClosingCursor:
    """`period` is the oldest one not closed; `carried_credit` is the credit that its invoice takes over, in micros."""

    period: Period
    carried_credit: int = 0

    @property
    def closes_at(self) -> datetime:
        return self.period.end + GRACE
