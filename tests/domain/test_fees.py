"""A fee is the plan's price less the discount, the time left unused after a plan change, and suspended time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.accounts import Account, Suspension
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.fees import (
    Fee,
    FeeTime,
    add_suspensions,
    fee_for,
    fee_time,
    pinned_terms,
    stored_terms,
    suspended_by_period,
)
from tallybook.domain.money import in_units, minor_unit
from tallybook.domain.periods import BillingSchedule, Period, period_of, schedule_from, with_anchor
from tallybook.domain.times import stamp
from tests.domain.fees import JANUARY, account, plan
from tests.domain.instants import ZONES, at, instants
from tests.support.hypothesis_settings import deterministic

DAY = 86_400_000
SCHEDULE = schedule_from(JANUARY, "UTC")


def billing_period(schedule: BillingSchedule, inside: datetime, cut: datetime | None = None) -> BillingPeriod:
    whole = BillingPeriod(period_of(schedule, inside), plan="pro", catalog_version=1, shards=1, is_open=True)
    return whole if cut is None else whole.cut(cut)


def fee(payer: Account, of: Plan, inside: datetime, *, cut: datetime | None = None, currency: str = "USD") -> Fee:
    """The fee on the invoice of the period that holds `inside`, at its end."""
    period = billing_period(payer.schedule, inside, cut)
    terms = stored_terms(payer, of, period) or pinned_terms(payer, of, period)
    time = fee_time(payer, of, period, terms, until=period.period.end)
    return fee_for(terms.price, time, discount=terms.discount, currency=currency)


def monthly_time(payer: Account, period: BillingPeriod, *, until: datetime) -> FeeTime | None:
    return fee_time(payer, plan(), period, pinned_terms(payer, plan(), period), until=until)


@pytest.mark.parametrize(
    ("anchor", "cut", "price", "currency", "proration_credit"),
    [
        ("2026-06-01T00:00Z", "2026-06-11T00:00Z", 100_000_000, "USD", 66_670_000),
        ("2026-06-01T00:00Z", "2026-06-11T00:00Z", 10_000_000_000, "JPY", 6_667_000_000),
        ("2026-06-01T00:00Z", "2026-06-11T00:00Z", 10_000_000, "KWD", 6_667_000),
        ("2024-02-18T00:00Z", "2024-02-25T00:00Z", 100_000_000, "USD", 75_860_000),
        ("2026-06-01T00:00Z", "2026-06-01T00:00:00.001Z", 100_000_000, "USD", 100_000_000),
        ("2026-06-01T00:00Z", "2026-06-30T23:59:59.999Z", 100_000_000, "USD", 0),
    ],
)
def test_the_unused_time_after_a_plan_change_is_credited_exactly(
    anchor: str, cut: str, price: int, currency: str, proration_credit: int
) -> None:
    got = fee(account(at(anchor)), plan(price), at(anchor), cut=at(cut), currency=currency)
    assert got == Fee(standard=price, proration_credit=proration_credit)


def test_the_unused_part_is_computed_after_the_discount() -> None:
    """100.00 less 25 %, half of it unused: 37.50."""
    june = at("2026-06-01T00:00Z")
    got = fee(account(june, discount=Decimal(25)), plan(), june, cut=june + timedelta(days=15))
    assert got == Fee(100_000_000, discount=25_000_000, proration_credit=37_500_000)
    assert (got.credit, got.final) == (62_500_000, 37_500_000)


@pytest.mark.parametrize(
    ("currency", "discount"),
    [("JPY", 7_000_000), ("USD", 6_670_000), ("KWD", 6_666_000)],
)
def test_a_discount_is_rounded_to_the_currency(currency: str, discount: int) -> None:
    price = 20_000_000
    got = fee(account(discount=Decimal("33.33")), plan(price), JANUARY, currency=currency)
    assert got == Fee(price, discount=discount)


def test_a_free_plan_has_no_fee() -> None:
    assert fee(account(), plan(0), JANUARY, cut=JANUARY + timedelta(days=3)) == Fee()


def test_a_yearly_fee_is_on_the_twelfth_months_invoice_only() -> None:
    payer, yearly = account(), plan(interval="year")
    months = [
        fee(payer, yearly, datetime(2026 + year, month, 15, tzinfo=UTC)) for year in (0, 1) for month in range(1, 13)
    ]
    due = [number for number, got in enumerate(months, 1) if got.standard]
    assert due == [12, 24]
    assert months[11] == months[23] == Fee(100_000_000)


def test_a_yearly_plan_ended_early_is_charged_less_the_rest_of_its_year() -> None:
    """1 January to 15 March is 73 of 365 days."""
    payer, yearly = account(), plan(price=365_000_000, interval="year")
    got = fee(payer, yearly, at("2026-03-02T00:00Z"), cut=at("2026-03-15T00:00Z"))
    assert got == Fee(365_000_000, proration_credit=292_000_000)


def test_a_yearly_plan_after_a_plan_change_counts_from_the_change() -> None:
    payer = account(schedule=with_anchor(schedule_from(JANUARY, "UTC"), at("2026-06-11T00:00Z")))
    yearly = plan(interval="year")
    assert not fee(payer, yearly, at("2026-12-15T00:00Z")).standard
    assert fee(payer, yearly, at("2027-05-15T00:00Z")).standard


@pytest.mark.parametrize(
    ("since", "until", "taken"),
    [
        ("2026-01-11T00:00Z", "2026-01-21T00:00Z", {"2026-01": 10 * DAY}),
        ("2026-01-21T00:00Z", "2026-02-11T00:00Z", {"2026-01": 11 * DAY, "2026-02": 10 * DAY}),
        ("2026-01-21T00:00Z", "2026-03-02T00:00Z", {"2026-01": 11 * DAY, "2026-02": 28 * DAY, "2026-03": DAY}),
        ("2026-01-21T00:00Z", "2026-01-21T00:00Z", {}),
        ("2026-01-31T23:59:59.999Z", "2026-02-01T00:00Z", {"2026-01": 1}),
    ],
)
def test_a_suspension_is_stored_by_the_periods_that_it_touched(since: str, until: str, taken: dict[str, int]) -> None:
    schedule = schedule_from(JANUARY, "UTC")
    assert suspended_by_period(schedule, at(since), at(until)) == {
        f"{month}-01T00:00:00.000Z": length for month, length in taken.items()
    }


def test_suspensions_of_one_period_add_up_and_13_periods_are_remembered() -> None:
    months = [f"{2025 + month // 12}-{month % 12 + 1:02}-01T00:00:00.000Z" for month in range(14)]
    payer = account(
        suspension=Suspension(dict.fromkeys(months[:13], 5)),
        closing_cursor=ClosingCursor(billing_period(SCHEDULE, at(months[13])).period),
    )
    known = add_suspensions(payer, {months[12]: 2, months[13]: 3})
    assert list(known) == months[1:]
    assert (known[months[1]], known[months[12]], known[months[13]]) == (5, 7, 3)


def test_unbilled_suspensions_are_remembered_however_old() -> None:
    long = suspended_by_period(SCHEDULE, JANUARY, at("2027-06-01T00:00Z"))
    assert (len(long), min(long)) == (17, stamp(JANUARY))
    assert add_suspensions(account(), long) == long


@pytest.mark.parametrize(
    ("days", "suspended"),
    [(0, 0), (10, 32_260_000), (31, 100_000_000)],
)
def test_no_fee_accrues_while_the_account_is_suspended(days: int, suspended: int) -> None:
    payer = account(suspension=Suspension({stamp(JANUARY): days * DAY} if days else {}))
    assert fee(payer, plan(), JANUARY) == Fee(100_000_000, suspended=suspended)


def test_a_running_suspension_counts_up_to_now_or_the_periods_end() -> None:
    payer = account(status="suspended", suspension=Suspension(at=at("2026-01-11T00:00Z")))
    january = billing_period(payer.schedule, JANUARY)
    for now, days in [("2026-01-05T00:00Z", 0), ("2026-01-21T00:00Z", 10), ("2026-02-03T00:00Z", 21)]:
        assert monthly_time(payer, january, until=at(now)) == FeeTime(31 * DAY, 0, days * DAY)
    february = billing_period(payer.schedule, at("2026-02-01T00:00Z"))
    assert monthly_time(payer, february, until=at("2026-03-05T00:00Z")) == FeeTime(28 * DAY, 0, 28 * DAY)


def test_a_suspension_after_the_period_does_not_reduce_its_fee() -> None:
    """The period is closed half an hour after its end."""
    payer = account(status="suspended", suspension=Suspension(at=at("2026-02-01T00:10Z")))
    assert fee(payer, plan(), JANUARY) == Fee(100_000_000)


def test_past_and_present_suspensions_of_a_period_add_up() -> None:
    payer = account(status="suspended", suspension=Suspension({stamp(JANUARY): 3 * DAY}, at=at("2026-01-21T00:00Z")))
    got = monthly_time(payer, billing_period(payer.schedule, JANUARY), until=at("2026-01-31T00:00Z"))
    assert got == FeeTime(31 * DAY, 0, 13 * DAY)


def test_a_yearly_fee_leaves_out_all_the_suspensions_of_its_year() -> None:
    months = {"2026-02-01T00:00:00.000Z": 28 * DAY, "2026-08-01T00:00:00.000Z": 8 * DAY}
    outside = {"2025-12-01T00:00:00.000Z": 9 * DAY}
    payer = account(suspension=Suspension(outside | months))
    got = fee(payer, plan(price=365_000_000, interval="year"), at("2026-12-15T00:00Z"))
    assert got == Fee(365_000_000, suspended=36_000_000)


def test_suspended_and_unused_time_never_credit_more_than_was_charged() -> None:
    """Both halves of 0.01 round up, but only 0.01 was charged."""
    time = FeeTime(whole_ms=2, unused_ms=1, suspended_ms=1)
    assert fee_for(10_000, time, discount=Decimal(0), currency="USD") == Fee(
        10_000, proration_credit=10_000, suspended=0
    )


amounts = st.integers(0, 10**9)
currencies = st.sampled_from(["USD", "JPY", "KWD"])
discounts = st.decimals(0, 100, places=2)


@deterministic
@given(price=amounts, currency=currencies, discount=discounts, ran=st.integers(1, 31 * DAY), anchor=instants)
def test_the_used_and_the_unused_part_add_up_to_the_charge(
    price: int, currency: str, discount: Decimal, ran: int, anchor: datetime
) -> None:
    """Each part is within half a minor unit of its exact value, and at most the charge."""
    unit = minor_unit(currency)
    payer, of = account(anchor, discount=discount), plan(price * unit)
    whole = period_of(payer.schedule, anchor)
    cut = min(anchor + timedelta(milliseconds=ran), whole.end)
    got = fee(payer, of, anchor, cut=cut, currency=currency)
    charged = got.standard - got.discount
    assert got.final + got.proration_credit == charged >= 0
    assert 0 <= got.proration_credit <= charged
    assert {amount % unit for amount in (got.discount, got.proration_credit, got.final)} == {0}
    exact = in_units(charged) * ((cut - anchor) // timedelta(milliseconds=1))
    exact /= (whole.end - anchor) // timedelta(milliseconds=1)
    assert abs(in_units(got.final) - exact) <= in_units(unit) / 2 + Decimal("1e-12")


@deterministic
@given(price=amounts, discount=discounts, whole=st.integers(1, 400 * DAY), parts=st.tuples(amounts, amounts))
def test_a_fee_and_its_deductions_are_never_below_zero(
    price: int, discount: Decimal, whole: int, parts: tuple[int, int]
) -> None:
    unused = parts[0] % (whole + 1)
    time = FeeTime(whole, unused, parts[1] % (whole - unused + 1))
    got = fee_for(price * 10_000, time, discount=discount, currency="USD")
    assert min(got.final, got.discount, got.proration_credit, got.suspended) >= 0


@deterministic
@given(anchor=instants, zone=st.sampled_from(ZONES), since=st.integers(0, 300 * DAY), length=st.integers(0, 80 * DAY))
def test_a_suspensions_parts_by_period_add_up_to_its_length(
    anchor: datetime, zone: str, since: int, length: int
) -> None:
    schedule = with_anchor(schedule_from(anchor, zone), anchor + timedelta(days=100))
    start = anchor + timedelta(milliseconds=since)
    parts = suspended_by_period(schedule, start, start + timedelta(milliseconds=length))
    assert sum(parts.values()) == length
    for began, part in parts.items():
        period: Period = period_of(schedule, at(began))
        assert stamp(period.start) == began
        assert part <= (period.end - period.start) // timedelta(milliseconds=1)
