"""The price and the discount of a yearly fee are those with which its year began, whatever changes in it."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.accounts import BillingTerms, FeeTerms, Suspension
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.fees import (
    add_suspensions,
    fee_for,
    fee_time,
    fee_year_from,
    pinned_terms,
    stored_terms,
    suspended_by_period,
)
from tallybook.domain.periods import Period, drop_older_schedules, period_of, schedule_from, with_zone
from tests.domain.fees import JANUARY, account, plan
from tests.domain.instants import ZONES, at, instants
from tests.support.hypothesis_settings import deterministic

TICK = timedelta(milliseconds=1)
YEARLY = plan(120_000_000, "year")


def opened(period: Period, discount: Decimal | None = Decimal(0)) -> BillingPeriod:
    return BillingPeriod(period, plan="pro", catalog_version=1, shards=1, is_open=True, discount=discount)


def test_a_new_year_takes_the_terms_that_its_first_period_pinned() -> None:
    year = FeeTerms(JANUARY, 120_000_000, Decimal(0))
    payer = account(discount=Decimal(30), fee_year=year)
    dearer = YEARLY._replace(price=240_000_000)
    december, january = (opened(period_of(payer.schedule, at(day)), Decimal(5)) for day in ("2026-12-05", "2027-01-05"))
    assert fee_year_from(payer, dearer, december) == stored_terms(payer, dearer, december) == year
    assert stored_terms(payer, dearer, january) is None
    assert fee_year_from(payer, dearer, january) == FeeTerms(january.period.start, 240_000_000, Decimal(5))
    assert fee_year_from(payer, plan(), january) is None


def test_a_period_stored_without_discount_begins_a_year_at_the_current_one() -> None:
    payer = account(discount=Decimal(30))
    assert pinned_terms(payer, YEARLY, opened(period_of(payer.schedule, JANUARY), None)).discount == 30


@pytest.mark.parametrize(("began", "now", "standard"), [(120, 0, 120), (0, 120, 0)])
def test_a_yearly_plan_is_free_if_it_was_when_its_year_began(began: int, now: int, standard: int) -> None:
    year = FeeTerms(JANUARY, began, Decimal(0))
    payer, of = account(fee_year=year), YEARLY._replace(price=now)
    december = opened(period_of(payer.schedule, at("2026-12-05")))
    time = fee_time(payer, of, december, year, until=december.period.end)
    assert fee_for(year.price, time, discount=Decimal(0), currency="USD").standard == standard


def test_a_monthly_fee_has_the_price_of_its_month_and_the_current_discount() -> None:
    payer = account(discount=Decimal(30), fee_year=FeeTerms(JANUARY, 1, Decimal(1)))
    february = opened(period_of(payer.schedule, at("2026-02-05")), Decimal(5))
    assert stored_terms(payer, plan(), february) is None
    assert pinned_terms(payer, plan(), february) == FeeTerms(at("2026-02-01"), 100_000_000, Decimal(30))


def test_a_year_begun_in_another_zone_keeps_its_start() -> None:
    """From 1 January 00:00 in UTC to 1 January 00:00 in Tokyo, 15:00 UTC of the day before."""
    schedule = drop_older_schedules(
        with_zone(schedule_from(JANUARY, "UTC"), "Asia/Tokyo", now=JANUARY), at("2026-06-01")
    )
    payer = account(schedule=schedule, fee_year=FeeTerms(JANUARY, 120_000_000, Decimal(0)))
    december = opened(period_of(schedule, at("2026-12-15")))
    assert stored_terms(payer, YEARLY, december) == payer.fee_year
    time = fee_time(payer, YEARLY, december, payer.fee_year, until=december.period.end)
    assert time is not None
    assert time.whole_ms == (december.period.end - JANUARY) // TICK


class Story:
    """An account on a yearly plan whose months open one after the other, each with its own price and discount."""

    def __init__(self, anchor: datetime, zone: str, terms: list[tuple[int, int]]) -> None:
        self.terms, self.month = terms, 0
        self.account = account(anchor, schedule=schedule_from(anchor, zone))
        self.starts: list[datetime] = []
        self.open(period_of(self.account.schedule, anchor))

    def open(self, period: Period) -> None:
        price, discount = self.terms[self.month % len(self.terms)]
        self.plan = YEARLY._replace(price=price * 10_000)
        billing = BillingTerms(discount=Decimal(discount))
        payer = replace(self.account, billing=billing, closing_cursor=ClosingCursor(period))
        self.period = opened(period, billing.discount)
        self.account = replace(payer, fee_year=fee_year_from(payer, self.plan, self.period))
        self.starts.append(period.start)
        self.month += 1

    def suspend(self, since: datetime, until: datetime) -> None:
        parts = suspended_by_period(self.account.schedule, since, until)
        self.account = replace(self.account, suspension=Suspension(add_suspensions(self.account, parts)))


def within(period: Period, part: Fraction) -> datetime:
    return period.start + (period.end - period.start) // TICK * part // 1 * TICK


parts = st.fractions(0, 1)


@st.composite
def ended_years(draw: st.DrawFn) -> tuple[Story, BillingPeriod]:
    """A story of up to 27 months and its last one, cut short by a plan change.

    Price, discount and zone change each month, and some of each month is suspended.
    """
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=4))
    terms = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 100)), min_size=1, max_size=30)
    story = Story(draw(instants), zones[0], draw(terms))
    suspensions = draw(st.dictionaries(st.integers(0, 26), st.tuples(parts, parts), max_size=4))
    last = draw(st.integers(0, 26))
    for month in range(last + 1):
        period = story.period
        if month == last:
            period = period.cut(max(period.period.start + TICK, within(period.period, draw(parts))))
        since, until = sorted(within(period.period, part) for part in suspensions.get(month, (Fraction(0),) * 2))
        story.suspend(since, until)
        if month < last:
            schedule = with_zone(story.account.schedule, zones[month % len(zones)], now=period.period.start)
            story.account = replace(story.account, schedule=schedule)
            story.open(period_of(schedule, period.period.end))
    return story, period


@deterministic
@given(ended_years())
def test_a_yearly_refund_is_a_part_of_what_the_years_start_charged(ended: tuple[Story, BillingPeriod]) -> None:
    story, period = ended
    known = stored_terms(story.account, story.plan, period)
    first = (story.month - 1) // 12 * 12
    price, discount = story.terms[first % len(story.terms)]
    assert known == FeeTerms(story.starts[first], price * 10_000, Decimal(discount))
    time = fee_time(story.account, story.plan, period, known, until=period.period.end)
    fee = fee_for(known.price, time, discount=known.discount, currency="USD")
    assert (time is None) == (price == 0)
    if time is None:
        return
    assert 0 <= time.unused_ms < time.whole_ms
    assert time.suspended_ms <= time.whole_ms - time.unused_ms
    charged = fee.standard - fee.discount
    assert fee.standard == price * 10_000
    assert 0 <= fee.proration_credit + fee.suspended <= charged
    assert abs(fee.proration_credit - Fraction(charged * time.unused_ms, time.whole_ms)) <= 5_000
