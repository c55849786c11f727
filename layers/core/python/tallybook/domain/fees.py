"""A plan's fee on one invoice: what it is, what is taken off it, and why. Source: money, "Periods", "Plan changes".

A monthly fee is for its period; a yearly one is for twelve months and stands on the invoice of the twelfth, or of the
month in which the plan ends. Off it go the account's discount, the part after a plan change, and the time for which
the account was suspended. A fee of 100.00 less 25 %, half of it unused: 37.50 remain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan
from tallybook.domain.money import EXACT, in_units, round_to_minor
from tallybook.domain.periods import BillingSchedule, period_of, year_of
from tallybook.domain.times import stamp

_TICK = timedelta(milliseconds=1)
_KEPT = 13
"""So many periods' suspensions are remembered: a year's, and the one that is open."""


@dataclass(frozen=True, slots=True)
class Fee:
    """All in micros and positive: the plan's price, and what is taken off it for each reason."""

    standard: int = 0
    discount: int = 0
    proration_credit: int = 0
    suspended: int = 0

    @property
    def credit(self) -> int:
        """All that is taken off."""
        return self.discount + self.proration_credit + self.suspended

    @property
    def final(self) -> int:
        return self.standard - self.credit


@dataclass(frozen=True, slots=True)
class FeeTime:
    """What a fee is for, in milliseconds: the whole time, and how much of it is unused or was spent suspended."""

    whole_ms: int
    unused_ms: int = 0
    suspended_ms: int = 0


def fee_time(account: Account, plan: Plan, opened: BillingPeriod, *, until: datetime) -> FeeTime | None:
    """The time of the fee on the invoice of a period, as known at `until`: its end, or now while it is open.

    None where no fee stands on that invoice: the plan is free, or its year goes on.
    """
    start, end, is_due = _span(account.schedule, plan, opened)
    if not is_due or not plan.price:
        return None
    unused_ms = (end - opened.period.end) // _TICK if opened.cut_from is not None else 0
    suspended_ms = _suspended(account, start, min(until, opened.period.end))
    return FeeTime((end - start) // _TICK, unused_ms, suspended_ms)


def fee_for(price: int, time: FeeTime | None, *, discount: Decimal, currency: str) -> Fee:
    """The fee of this price (micros) less `discount` percent, for this time."""
    if time is None:
        return Fee()
    taken_off = round_to_minor(in_units(price) * discount / 100, currency)
    charged = price - taken_off
    proration_credit = _part(charged, time.unused_ms, time.whole_ms, currency)
    suspended = _part(charged, time.suspended_ms, time.whole_ms, currency)
    return Fee(price, taken_off, proration_credit, min(suspended, charged - proration_credit))


def suspended_by_period(schedule: BillingSchedule, since: datetime, until: datetime) -> dict[str, int]:
    """A suspension in milliseconds for each period that it touched, by the period's start."""
    parts: list[tuple[str, int]] = []
    while since < until:
        period = period_of(schedule, since)
        end = min(period.end, until)
        parts.append((stamp(period.start), (end - since) // _TICK))
        since = end
    return dict(parts)


def add_suspensions(account: Account, more: Mapping[str, int]) -> dict[str, int]:
    """What is known of an account's suspensions with what has come to it: of the last 13 periods and all open ones."""
    known = account.suspension.milliseconds
    both = sorted((start, known.get(start, 0) + more.get(start, 0)) for start in {*known, *more})
    unclosed = stamp(account.closing_cursor.period.start)
    return dict(part for index, part in enumerate(both, _KEPT - len(both)) if index >= 0 or part[0] >= unclosed)


def _span(schedule: BillingSchedule, plan: Plan, opened: BillingPeriod) -> tuple[datetime, datetime, bool]:
    """What the fee is for, and whether it stands on this period's invoice."""
    if plan.billing_interval == "month":
        return opened.period.start, opened.cut_from or opened.period.end, True
    start, end, month = year_of(schedule, opened.period)
    return start, end, month == 12 or opened.cut_from is not None


def _suspended(account: Account, start: datetime, until: datetime) -> int:
    """Milliseconds between the two for which the account was, or is, suspended."""
    past = sum(ms for began, ms in account.suspension.milliseconds.items() if stamp(start) <= began < stamp(until))
    present = (until - max(start, account.suspension.at)) // _TICK if account.suspension.at else 0
    return past + max(0, present)


def _part(charged: int, ms: int, whole: int, currency: str) -> int:
    with localcontext(EXACT):
        return round_to_minor(in_units(charged) * Decimal(ms) / Decimal(whole), currency)
