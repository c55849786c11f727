"""A plan's fee on one invoice, and what is deducted from it. Source: docs/money.md, "Periods" and "Plan changes".

A monthly fee pays for its period. A yearly fee pays for twelve months; the invoice of the twelfth month has it, or of
the month in which the plan ends, with the price and the discount that were in force when the year began. Three things
are deducted: the account's discount, the part after a plan change, and the time for which the account was suspended.
100.00 less 25 %, half of it unused: 37.50 remain.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import NamedTuple

from tallybook.domain.accounts import Account, FeeTerms
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan
from tallybook.domain.money import EXACT, in_units, round_to_minor
from tallybook.domain.periods import BillingSchedule, period_of, year_of
from tallybook.domain.times import stamp

_TICK = timedelta(milliseconds=1)
_ZONES_APART = timedelta(days=2)
"""More than two zones differ: after a change of zone, a year's start by the new zone is not the instant it began at."""
_KEPT = 13
"""Suspended time is kept for this many periods: a year and the open period."""


class Fee(NamedTuple):
    """The plan's price and the deductions, in micros, all positive."""

    standard: int = 0
    discount: int = 0
    proration_credit: int = 0
    suspended: int = 0

    @property
    def credit(self) -> int:
        return self.discount + self.proration_credit + self.suspended

    @property
    def final(self) -> int:
        return self.standard - self.credit


class FeeTime(NamedTuple):
    """The time that a fee pays for, and its unused and suspended parts, in milliseconds."""

    whole_ms: int
    unused_ms: int = 0
    suspended_ms: int = 0


def pinned_terms(account: Account, plan: Plan, billing_period: BillingPeriod) -> FeeTerms:
    """The terms as this period pinned them: those of a monthly plan's fee, and of a year that the period begins.

    A monthly plan's discount is the account's current one.
    """
    period = billing_period.period
    if plan.billing_interval == "month":
        return FeeTerms(period.start, plan.price, account.billing.discount)
    pinned = billing_period.discount
    discount = account.billing.discount if pinned is None else pinned
    start, _, month = year_of(account.schedule, period)
    return FeeTerms(period.start if month == 1 else start, plan.price, discount)


def stored_terms(account: Account, plan: Plan, billing_period: BillingPeriod) -> FeeTerms | None:
    """The account's `fee_year`, if the period is in that year of its yearly plan."""
    year = account.fee_year
    if year is None or plan.billing_interval == "month":
        return None
    start, _, _ = year_of(account.schedule, billing_period.period)
    return year if abs(start - year.start) < _ZONES_APART else None


def fee_year_from(account: Account, plan: Plan, opened: BillingPeriod) -> FeeTerms | None:
    """The account's `fee_year` from the start of this period on."""
    if plan.billing_interval == "month":
        return None
    begins = year_of(account.schedule, opened.period)[2] == 1
    return pinned_terms(account, plan, opened) if begins else account.fee_year


def is_fee_due(schedule: BillingSchedule, plan: Plan, billing_period: BillingPeriod) -> bool:
    """Whether the period's invoice has the plan's fee, if the plan is not free."""
    ends_early = billing_period.cut_from is not None
    return plan.billing_interval == "month" or ends_early or year_of(schedule, billing_period.period)[2] == 12


def fee_time(
    account: Account, plan: Plan, billing_period: BillingPeriod, terms: FeeTerms, *, until: datetime
) -> FeeTime | None:
    """The time of the fee on a period's invoice; None if that has no fee. A plan is free by the price in its `terms`.

    `until` is the period's end, or now while it is open.
    """
    if not terms.price or not is_fee_due(account.schedule, plan, billing_period):
        return None
    if plan.billing_interval == "month":
        end = billing_period.cut_from or billing_period.period.end
    else:
        end = year_of(account.schedule, billing_period.period)[1]
    unused_ms = (end - billing_period.period.end) // _TICK if billing_period.cut_from is not None else 0
    suspended_ms = _suspended_ms(account, terms.start, min(until, billing_period.period.end))
    return FeeTime((end - terms.start) // _TICK, unused_ms, suspended_ms)


def fee_for(price: int, time: FeeTime | None, *, discount: Decimal, currency: str) -> Fee:
    """The fee at this price (micros), less `discount` percent, for this time."""
    if time is None:
        return Fee()
    discounted = round_to_minor(in_units(price) * discount / 100, currency)
    charged = price - discounted
    proration_credit = _part(charged, time.unused_ms, time.whole_ms, currency)
    suspended = _part(charged, time.suspended_ms, time.whole_ms, currency)
    return Fee(price, discounted, proration_credit, min(suspended, charged - proration_credit))


def suspended_by_period(schedule: BillingSchedule, since: datetime, until: datetime) -> dict[str, int]:
    """The milliseconds of a suspension in each period, by the period's start."""
    parts: list[tuple[str, int]] = []
    while since < until:
        period = period_of(schedule, since)
        end = min(period.end, until)
        parts.append((stamp(period.start), (end - since) // _TICK))
        since = end
    return dict(parts)


def add_suspensions(account: Account, more: Mapping[str, int]) -> dict[str, int]:
    """The account's suspended milliseconds by period, plus `more`; only of the last 13 and of all unclosed periods."""
    known = account.suspension.milliseconds
    sums = sorted((start, known.get(start, 0) + more.get(start, 0)) for start in {*known, *more})
    unclosed = stamp(account.closing_cursor.period.start)
    return dict(part for index, part in enumerate(sums, _KEPT - len(sums)) if index >= 0 or part[0] >= unclosed)


def _suspended_ms(account: Account, start: datetime, until: datetime) -> int:
    """For how many milliseconds from `start` to `until` the account was suspended, the current suspension included."""
    past = sum(ms for began, ms in account.suspension.milliseconds.items() if stamp(start) <= began < stamp(until))
    current = (until - max(start, account.suspension.at)) // _TICK if account.suspension.at else 0
    return past + max(0, current)


def _part(charged: int, ms: int, whole_ms: int, currency: str) -> int:
    with localcontext(EXACT):
        return round_to_minor(in_units(charged) * Decimal(ms) / Decimal(whole_ms), currency)
