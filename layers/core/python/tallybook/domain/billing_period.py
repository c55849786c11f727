"""A period that was opened for an account and is stored: what it pinned, its state, and what was billed for it.

`periods.Period` is only a span of time, and exists for any instant; `bill` computes what the usage of a period costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, Self

from tallybook.domain.accounts import Correction
from tallybook.domain.periods import Period

_TICK = timedelta(milliseconds=1)


class FormerPin(NamedTuple):
    """What a period had pinned before a plan change at its start pinned another plan."""

    plan: str
    catalog_version: int


@dataclass(frozen=True, slots=True)
class BillingPeriod:
    """`plan` and `catalog_version` are pinned when it opens; `shards` is the number of shards of its counters.

    `is_open`: usage may still be added. `cut_from`: the original end, if a plan change ended the period earlier.
    `late`: the starts of the closed periods whose late usage this period's invoice bills. `former`: what it had pinned
    when usage was first counted in it. `discount`: the account's when it opened, in percent, pinned for a yearly plan,
    because the period may begin a year.

    `billed`: what invoices have billed for this period's own usage, in micros; `voided`: the part of it on void
    invoices that are not reissued, of which `forgiven` are the charges. `is_void`: the period's invoice is one of them.

    `ahead`: if a plan change began this period, how much of each monthly limit had been used ahead of time then
    (`monthly_use.use_ahead`); late usage of the period before is added. `carries`: the fields of which the next period
    has that of this one's usage. `rules`: the number of the rating rules by which it was closed, if they had one.
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
    voided: int = 0
    forgiven: int = 0
    is_void: bool = False
    former: FormerPin | None = None
    discount: Decimal | None = None
    ahead: Mapping[str, Decimal] = field(default_factory=dict)
    carries: frozenset[str] = frozenset()
    rules: int | None = None

    @property
    def carried_use(self) -> Mapping[str, Decimal]:
        """What counts as used of the account's monthly limits before anything is used in this period."""
        return {name: amount for name, amount in self.ahead.items() if amount > 0}

    @property
    def part(self) -> Fraction:
        """The part of the original period that it lasts: 1 unless it was cut short."""
        if self.cut_from is None:
            return Fraction(1)
        ran, whole = self.period.end - self.period.start, self.cut_from - self.period.start
        return Fraction(ran // _TICK, whole // _TICK)

    def late_amount(self, cost: int, *, unwritten: int = 0) -> int:
        """What the next invoice bills for this closed period, in micros: its `cost` minus what was billed for it.

        What void invoices charged is forgiven, so that much of the cost is owed no more; and nobody is credited what
        they never owed, so what stands of the bills is never below zero. `unwritten`: the late lines of earlier
        invoices that are not issued yet. Source: docs/money.md, "Usage".

        100 units at 1.00, void, then a late 101st that makes all cost 0.10: 10.10 is forgiven, nothing stands, so 0.
        """
        owed = max(0, cost - self.forgiven)
        return owed - (self.billed + unwritten - self.voided)

    def corrected(self, correction: Correction) -> Self:
        is_void = self.is_void if correction.is_void is None else correction.is_void
        return replace(
            self,
            voided=self.voided + correction.voided,
            forgiven=self.forgiven + correction.forgiven,
            is_void=is_void,
        )

    def cut(self, at: datetime) -> Self:
        """The period after a plan change ended it, at an instant within it or at its end."""
        if not self.period.start < at <= self.period.end:
            raise ValueError("a period can only be cut within or at its end")
        return replace(self, period=replace(self.period, end=at), cut_from=self.period.end)
