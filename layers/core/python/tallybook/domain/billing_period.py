"""An opened period of an account: what it pinned, whether it still takes usage, and what was billed for it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Self

from tallybook.domain.periods import Period

_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class BillingPeriod:
    """`plan` and `catalog_version` are those of its opening; `shards` is how many counters share its writes.

    `cut_from` is the end it had when it opened, where a plan change ended it before. `late` are the starts of the
    closed periods whose late usage its invoice will hold; `billed` what invoices hold of its own usage, in micros.
    """

    period: Period
    plan: str
    catalog_version: int
    shards: int
    is_open: bool
    completed_sessions: int = 0
    cut_from: datetime | None = None
    late: frozenset[str] = frozenset()
    billed: int = 0

    @property
    def part(self) -> Fraction:
        """How much of the whole period ran, or will: 1 unless it was cut short."""
        if self.cut_from is None:
            return Fraction(1)
        ran, whole = self.period.end - self.period.start, self.cut_from - self.period.start
        return Fraction(ran // _TICK, whole // _TICK)

    def cut(self, at: datetime) -> Self:
        """The period as a plan change at this instant, within it or at its very end, leaves it."""
        if not self.period.start < at <= self.period.end:
            raise ValueError("a period can only be cut within or at its end")
        return replace(self, period=replace(self.period, end=at), cut_from=self.period.end)
