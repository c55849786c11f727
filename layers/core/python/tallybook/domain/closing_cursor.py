"""An account's billing cycle: which of its periods is the oldest that is not closed, and when it may be.

Periods are closed in order, each once: closing one moves the cycle to the next.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tallybook.domain.periods import Period

GRACE = timedelta(minutes=30)
"""So long after its end usage still goes into a period as if it were open."""


@dataclass(frozen=True, slots=True)
class ClosingCursor:
    """`period` is the oldest one not closed; `carried` is what its invoice starts with, as a credit in micros."""

    period: Period
    carried_credit: int = 0

    @property
    def closes_at(self) -> datetime:
        return self.period.end + GRACE
