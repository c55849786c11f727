"""An account's closing cursor: the oldest period that is not closed, and when it may be closed.

Periods are closed in order, each once. Closing a period moves the cursor to the next one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tallybook.domain.periods import Period

GRACE = timedelta(minutes=30)
"""For this long after its end, a period still accepts usage."""


@dataclass(frozen=True, slots=True)
class ClosingCursor:
    """`carried_credit`: the credit from the invoice before, in micros, that the invoice of `period` deducts."""

    period: Period
    carried_credit: int = 0

    @property
    def closes_at(self) -> datetime:
        return self.period.end + GRACE
