"""What a plan change credits of the old fee, worked out by hand: each case states its arithmetic.

Unless stated otherwise, a month costs 20.00 USD and begins at 00:00 UTC.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.accounts import Suspension
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.fees import Fee, fee_for, fee_time, pinned_terms
from tallybook.domain.invoice_lines import balance_lines, fee_lines
from tallybook.domain.invoices import Invoice
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import BillingSchedule, period_of, schedule_from, start_of_day, with_anchor, with_zone
from tallybook.domain.times import stamp
from tests.domain.fees import account, plan
from tests.domain.instants import ZONES, at, instants
from tests.support.hypothesis_settings import deterministic

DAY = 86_400_000
TICK = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Case:
    """`words` derives the credit; amounts are currency units as text, `suspended` is milliseconds by month."""

    words: str
    anchor: str
    cut: str
    proration_credit: str
    price: str = "20"
    interval: Literal["month", "year"] = "month"
    zone: str = "UTC"
    currency: str = "USD"
    discount: str = "0"
    suspended: tuple[tuple[str, int], ...] = ()


MONTHS = [
    Case("20 of June's 30 days are left: 6666.67, and a yen has no decimals", "2026-06-01", "2026-06-11", "6667",
         price="10000", currency="JPY"),
    Case("22 of the 29 days from 18 February 2024 are left: 7586.21", "2024-02-18", "2024-02-25", "7586",
         price="10000", currency="JPY"),
    Case("21 of 31 days are left, at 1.00 each", "2026-01-01", "2026-01-11", "21", price="31"),
    Case("14 of 28 days are left: half of 20.00", "2026-02-01", "2026-02-15", "10"),
    Case("22 of the leap month's 29 days are left, at 1.00 each", "2024-02-01", "2024-02-08", "22", price="29"),
    Case("14.5 of 30 days are left: 9.6667", "2026-04-01", "2026-04-16T12:00", "9.67"),
    Case("from 15 March are 31 days to 15 April, 10 of them left: 6.4516", "2026-03-15", "2026-04-05", "6.45"),
    Case("at the very end nothing is left", "2026-04-01", "2026-05-01", "0"),
]  # fmt: skip
ANCHORS = [
    Case("31 January to 28 February are 28 days, 14 left: half", "2026-01-31", "2026-02-14", "10"),
    Case("28 February to 31 March are 31 days, 21 left, at 1.00 each", "2026-01-31", "2026-03-10", "21", price="31"),
    Case("29 February to 31 March are 31 days, 30 left, at 1.00 each", "2024-01-31", "2024-03-01", "30", price="31"),
    Case("30 January to 29 February are 30 days, 20 left, at 1.00 each", "2024-01-30", "2024-02-09", "20", price="30"),
    Case("29 January to 28 February are 30 days, 20 left, at 1.00 each", "2026-01-29", "2026-02-08", "20", price="30"),
    Case("31 August to 30 September are 30 days, 15 left: half", "2026-08-31", "2026-09-15", "10"),
    Case("30 September to 31 October are 31 days, 1 left, at 1.00", "2026-08-31", "2026-10-30", "1", price="31"),
]
SECONDS = [
    Case("1 second of 2,592,000 is 0.0000077 of 20.00", "2026-04-01", "2026-04-30T23:59:59", "0"),
    Case(
        "648 seconds of 2,592,000 are 0.005, half a cent, away from zero", "2026-04-01", "2026-04-30T23:49:12", "0.01"
    ),
    Case("647.999 seconds are a little under half a cent", "2026-04-01", "2026-04-30T23:49:12.001", "0"),
    Case("all but a millisecond is left: all of it, and no more", "2026-04-01", "2026-04-01T00:00:00.001", "20"),
    Case("2,408,155 of 2,592,000 seconds are left: 18.5814", "2026-04-01", "2026-04-03T03:04:05", "18.58"),
]
YEARS = [
    Case("31 + 28 + 14 = 73 days of 365 are used, 1.00 each", "2026-01-01", "2026-03-15", "292",
         price="365", interval="year"),
    Case("31 + 29 + 14 = 74 days of the leap year's 366 are used, 1.00 each", "2024-01-01", "2024-03-15", "292",
         price="366", interval="year"),
    Case("a year from 29 February 2024 ends on 28 February 2025, 365 days later; 1 is used", "2024-02-29",
         "2024-03-01", "364", price="365", interval="year"),
    Case("it restarts each year: 1 of the 365 days of the second is used", "2026-01-01", "2027-01-02", "364",
         price="365", interval="year"),
    Case("it ends with one of its months: 31 + 28 + 31 = 90 days are used", "2026-01-01", "2026-04-01", "275",
         price="365", interval="year"),
    Case("half a day of its last month is left", "2026-01-01", "2026-12-31T12:00", "0.50",
         price="365", interval="year"),
    Case("it ends with its year: nothing is left", "2026-01-01", "2027-01-01", "0", price="365", interval="year"),
]  # fmt: skip
TERMS = [
    Case("75.00 after the discount, half of it left", "2026-06-01", "2026-06-16", "37.50", price="100", discount="25"),
    Case("6.666 off is 6.67, 13.33 charged, 10 of 30 days left: 4.4433", "2026-04-01", "2026-04-21", "4.44",
         discount="33.33"),
    Case("nothing is charged, so nothing is credited", "2026-04-01", "2026-04-21", "0", discount="100"),
    Case("328.50 a year after the discount, 292 of 365 days left", "2026-01-01", "2026-03-15", "262.80",
         price="365", interval="year", discount="10"),
    Case("a third of 1000 yen is 333.33", "2026-04-01", "2026-04-21", "333", price="1000", currency="JPY"),
    Case("half of one yen is one yen: all of it, and no more", "2026-04-01", "2026-04-16", "1",
         price="1", currency="JPY"),
    Case("499.5 off is 500, 499 charged, half of it left: 249.5", "2026-04-01", "2026-04-16", "250",
         price="999", currency="JPY", discount="50"),
    Case("two thirds of 10.000 dinars", "2026-06-01", "2026-06-11", "6.667", price="10", currency="KWD"),
    Case("half of 0.001 dinars is all of it", "2026-04-01", "2026-04-16", "0.001", price="0.001", currency="KWD"),
    Case("a free plan gives nothing back", "2026-04-01", "2026-04-16", "0", price="0"),
]  # fmt: skip
ZONED = [
    Case("31 days less the hour that Berlin skips are 743; 383 left, 0.01 each", "2026-02-28T23:00",
         "2026-03-15T23:00", "3.83", price="7.43", zone="Europe/Berlin"),
    Case("31 days and the hour that happens twice are 745; 385 left, 0.01 each", "2026-09-30T22:00",
         "2026-10-15T22:00", "3.85", price="7.45", zone="Europe/Berlin"),
    Case("New York's November has 721 hours; 480 left after 241", "2026-11-01T04:00", "2026-11-11T05:00", "4.80",
         price="7.21", zone="America/New_York"),
    Case("Lord Howe's April has 1,441 half hours; 960 left after 481", "2026-03-31T13:00", "2026-04-10T13:30", "9.60",
         price="14.41", zone="Australia/Lord_Howe"),
    Case("Kolkata's April is 30 days from 18:30; 15 left", "2026-03-31T18:30", "2026-04-15T18:30", "10",
         zone="Asia/Kolkata"),
    Case("a year in Berlin is 8,760 hours despite clock changes; 2,184 left from 1 October, 0.01 each",
         "2025-12-31T23:00", "2026-10-01T23:00", "21.84", price="87.60", interval="year", zone="Europe/Berlin"),
]  # fmt: skip
SUSPENDED = [
    Case("20 of 30 days are left, regardless of earlier periods", "2026-06-01", "2026-06-11", "20", price="30",
         suspended=(("2026-06-01", 3 * DAY),)),
    Case("all of the 10 days that ran were suspended", "2026-06-01", "2026-06-11", "20", price="30",
         suspended=(("2026-06-01", 10 * DAY),)),
    Case("last month's suspension is last month's business", "2026-05-01", "2026-06-11", "20", price="30",
         suspended=(("2026-05-01", 31 * DAY),)),
    Case("292 of 365 days are left; 10 of those used were suspended in February", "2026-01-01", "2026-03-15", "292",
         price="365", interval="year", suspended=(("2026-02-01", 10 * DAY),)),
    Case("both halves of 0.01 round up, and there is only one to give", "2026-06-01", "2026-06-16", "0.01",
         price="0.01", suspended=(("2026-06-01", 15 * DAY),)),
]  # fmt: skip
CASES = [*MONTHS, *ANCHORS, *SECONDS, *YEARS, *TERMS, *ZONED, *SUSPENDED]


def utc(text: str) -> datetime:
    return at(f"{text}Z" if "T" in text else f"{text}T00:00Z")


def micros(units: str) -> int:
    return int(Decimal(units).scaleb(6))


def cut_fee(
    schedule: BillingSchedule,
    cut: datetime,
    *,
    price: int,
    interval: Literal["month", "year"] = "month",
    **terms: Any,
) -> Fee:
    """The fee on the invoice of the period that a change at `cut` ends."""
    currency = str(terms.pop("currency", "USD"))
    payer = replace(account(schedule.since, **terms), schedule=schedule)
    of = plan(price, interval)
    inside = period_of(schedule, cut - TICK)
    opened = BillingPeriod(inside, plan="pro", catalog_version=1, shards=1, is_open=True).cut(cut)
    terms = pinned_terms(payer, of, opened)
    time = fee_time(payer, of, opened, terms, until=cut)
    return fee_for(price, time, discount=terms.discount, currency=currency)


def fee_of(case: Case) -> Fee:
    return cut_fee(
        schedule_from(utc(case.anchor), case.zone),
        utc(case.cut),
        price=micros(case.price),
        interval=case.interval,
        currency=case.currency,
        discount=Decimal(case.discount),
        suspension=Suspension({stamp(utc(month)): ms for month, ms in case.suspended}),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.words)
def test_the_unused_part_of_the_fee_is_credited_at_most_the_charge(case: Case) -> None:
    fee = fee_of(case)
    assert fee.proration_credit == micros(case.proration_credit)
    assert 0 <= fee.proration_credit + fee.suspended <= fee.standard - fee.discount
    assert fee.final >= 0


@pytest.mark.parametrize(
    ("case", "suspended", "final"),
    list(zip(SUSPENDED, ("3", "10", "0", "10", "0"), ("7", "0", "10", "63", "0"), strict=True)),
    ids=lambda value: value.words if isinstance(value, Case) else str(value),
)
def test_a_suspension_before_the_change_is_credited_beside_the_rest(case: Case, suspended: str, final: str) -> None:
    fee = fee_of(case)
    assert (fee.suspended, fee.final) == (micros(suspended), micros(final))


def test_each_part_of_a_month_is_charged_by_its_plan() -> None:
    """30.00 from 1 June for 10 of 30 days, 60.00 for 2 of 30, 30.00 for 1 of 30, 31.00 for 7 of 31 in July."""
    schedule, paid = schedule_from(utc("2026-06-01"), "UTC"), []
    for cut, price in (("2026-06-11", 30), ("2026-06-13", 60), ("2026-06-14", 30), ("2026-07-21", 31)):
        fee = cut_fee(schedule, utc(cut), price=micros(str(price)))
        paid.append(fee.final)
        schedule = with_anchor(schedule, utc(cut))
    assert paid == [10_000_000, 4_000_000, 1_000_000, 7_000_000]


def test_a_change_counts_from_the_previous_change() -> None:
    """Subscribed on 31 January, changed on 15 February: on 5 March 10 of the 28 days to 15 March are left."""
    schedule = with_anchor(schedule_from(utc("2026-01-31"), "UTC"), utc("2026-02-15"))
    assert cut_fee(schedule, utc("2026-03-05"), price=28_000_000).proration_credit == 10_000_000


def test_a_month_after_a_zone_change_is_charged_by_its_own_length() -> None:
    """February in Berlin, March in New York, 5 hours longer: 377 of 749 hours are left, 0.01 each."""
    schedule = with_zone(
        schedule_from(utc("2026-01-31T23:00"), "Europe/Berlin"), "America/New_York", now=utc("2026-02-10")
    )
    march = period_of(schedule, utc("2026-03-02"))
    assert (march.start, march.end) == (utc("2026-02-28T23:00"), utc("2026-04-01T04:00"))
    assert cut_fee(schedule, utc("2026-03-16T11:00"), price=7_490_000).proration_credit == 3_770_000


@pytest.mark.parametrize(
    ("case", "rate", "tax"),
    [
        pytest.param(Case("", "2026-06-01", "2026-06-11", "13.33"), "20", "1.33", id="20 % of 6.67 are 1.334"),
        pytest.param(MONTHS[0], "7.7", "257", id="7.7 % of 3,333 yen are 256.641"),
        pytest.param(TERMS[7], "5", "0.167", id="5 % of 3.333 dinars are 0.16665"),
        pytest.param(TERMS[0], "19", "7.13", id="19 % of 37.50 are 7.125, half a cent away from zero"),
        pytest.param(SECONDS[3], "20", "0", id="everything credited: no tax"),
    ],
)
def test_tax_is_on_the_fee_after_the_credit(case: Case, rate: str, tax: str) -> None:
    fee, percent = fee_of(case), Decimal(rate)
    lines = fee_lines(fee, plan_name="Pro", discount=Decimal(case.discount))
    invoice = Invoice(
        id="i",
        account_id="a",
        revision=1,
        position=1,
        period=period_of(schedule_from(utc(case.anchor), "UTC"), utc(case.anchor)),
        plan="pro",
        plan_name="Pro",
        currency=case.currency,
        lines=tuple(balance_lines(lines, carried_credit_in=0, tax_rate=percent, currency=case.currency)),
        tax_rate=percent,
    )
    assert invoice.tax == micros(tax)
    assert invoice.total == fee.final + invoice.tax >= 0


@deterministic
@given(
    anchor=instants,
    zone=st.sampled_from(ZONES),
    stays=st.lists(st.integers(1, 40 * DAY), min_size=1, max_size=6),
    terms=st.tuples(st.integers(0, 10**6), st.decimals(0, 100, places=2), st.sampled_from(["USD", "JPY", "KWD"])),
)
def test_each_of_many_plan_changes_charges_only_the_time_that_ran(
    anchor: datetime, zone: str, stays: list[int], terms: tuple[int, Decimal, str]
) -> None:
    """Each stay's last month: to within half a minor unit of its part of the month, and never below zero."""
    price, discount, currency = terms
    schedule, unit = schedule_from(start_of_day(anchor.date(), zone), zone), minor_unit(currency)
    cut = schedule.since
    for stay in stays:
        cut += timedelta(milliseconds=stay)
        period = period_of(schedule, cut - TICK)
        fee = cut_fee(schedule, cut, price=price * unit, discount=discount, currency=currency)
        charged = fee.standard - fee.discount
        assert 0 <= fee.proration_credit <= charged
        part = Fraction(
            (cut - period.start) // timedelta(milliseconds=1), (period.end - period.start) // timedelta(milliseconds=1)
        )
        assert abs(fee.final - charged * part) <= Fraction(unit, 2)
        schedule = with_anchor(schedule, cut)
