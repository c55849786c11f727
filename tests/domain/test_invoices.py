"""An invoice adds up, is taxed once, is never below zero, and changes only as its state allows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.errors import Conflict
from tallybook.domain.fees import Fee
from tallybook.domain.ids import derived_id
from tallybook.domain.invoice_lines import (
    Detail,
    InvoiceLine,
    LineType,
    balance_lines,
    fee_lines,
    late_line,
    usage_line,
)
from tallybook.domain.invoices import UNPAID, Invoice, invoice_id
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import Period, start_of_day
from tests.support.hypothesis_settings import deterministic

APRIL = Period(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), "UTC")
HALF_PAST = APRIL.end + timedelta(minutes=30)
CENT = 10_000


def line(amount: int, kind: LineType = "usage") -> InvoiceLine:
    return InvoiceLine(kind, "A line", amount)


def invoice(*amounts: int, tax_rate: str = "0", currency: str = "USD", carried_credit_in: int = 0) -> Invoice:
    """A draft with a line for each amount."""
    rate = Decimal(tax_rate)
    lines = balance_lines(map(line, amounts), carried_credit_in=carried_credit_in, tax_rate=rate, currency=currency)
    return Invoice("i", "a", 1, 1, APRIL, "pro", "Pro", currency, tuple(lines), rate)


def issued(*amounts: int, **how: Any) -> Invoice:
    return invoice(*amounts, **how).issue(number=1, now=HALF_PAST)


@pytest.mark.parametrize(
    ("amounts", "rate", "currency", "tax"),
    [
        ([3 * CENT, 3 * CENT, 3 * CENT], "20", "USD", 2 * CENT),  # 0.018
        ([10 * CENT], "5", "USD", CENT),  # 0.005
        ([10 * CENT], "4.99", "USD", 0),
        ([100 * CENT, -90 * CENT], "5", "USD", CENT),
        ([100_000_000], "7.7", "USD", 7_700_000),
        ([33_000_000], "10", "JPY", 3_000_000),  # 3.3
        ([35_000_000], "10", "JPY", 4_000_000),  # 3.5
        ([5_000], "10", "KWD", 1_000),  # 0.0005
        ([100_000_000], "0", "USD", 0),
    ],
)
def test_tax_is_rounded_once_on_the_sum_of_the_lines(amounts: list[int], rate: str, currency: str, tax: int) -> None:
    bill = invoice(*amounts, tax_rate=rate, currency=currency)
    assert (bill.subtotal, bill.tax, bill.total) == (sum(amounts), tax, sum(amounts) + tax)


def test_a_total_below_zero_is_carried_on_and_the_carried_line_is_not_taxed() -> None:
    """1.00 less 4.00 at 20 % is -3.60."""
    bill = invoice(100 * CENT, -400 * CENT, tax_rate="20")
    assert [(part.type, part.amount) for part in bill.lines][2:] == [("carried", 360 * CENT)]
    assert bill.lines[-1].description == "Carried to next invoice"
    assert (bill.subtotal, bill.tax, bill.total, bill.carried_credit) == (60 * CENT, -60 * CENT, 0, 360 * CENT)


def test_what_was_carried_here_comes_off_after_the_tax() -> None:
    bill = invoice(1000 * CENT, tax_rate="20", carried_credit_in=360 * CENT)
    assert [(part.type, part.description, part.amount) for part in bill.lines][1:] == [
        ("carried", "Carried from last invoice", -360 * CENT)
    ]
    assert (bill.tax, bill.total, bill.carried_credit, bill.carried_credit_in) == (
        200 * CENT,
        840 * CENT,
        0,
        360 * CENT,
    )


def test_what_more_was_carried_than_is_owed_goes_on() -> None:
    bill = invoice(100 * CENT, tax_rate="20", carried_credit_in=360 * CENT)
    assert (bill.total, bill.carried_credit_in, bill.carried_credit) == (0, 360 * CENT, 240 * CENT)


def test_lines_of_nothing_are_left_out() -> None:
    assert invoice(0, 0).lines == ()
    assert [part.amount for part in invoice(0, CENT, 0).lines] == [CENT]


def test_a_fee_stands_with_all_that_is_taken_off_it_in_lines_of_their_own() -> None:
    fee = Fee(100 * CENT, discount=25 * CENT, proration_credit=30 * CENT, suspended=5 * CENT)
    lines = balance_lines(
        fee_lines(fee, plan_name="Pro", discount=Decimal("25.00")),
        carried_credit_in=0,
        tax_rate=Decimal(0),
        currency="USD",
    )
    assert [(part.type, part.description, part.amount) for part in lines] == [
        ("subscription", "Subscription Fee for Pro plan", 100 * CENT),
        ("discount", "Discount of 25 %", -25 * CENT),
        ("credit", "Unused part of the Pro plan", -30 * CENT),
        ("credit", "Time for which the account was suspended", -5 * CENT),
    ]
    shown = replace(invoice(), lines=tuple(lines)).fee
    assert (shown.standard, shown.credit, shown.final) == (100 * CENT, 60 * CENT, 40 * CENT)


def test_usage_is_one_line_with_its_details() -> None:
    details = [Detail("cpu_seconds", None, Decimal(5), 3 * CENT), Detail("minutes", "M", Decimal(1), 4 * CENT)]
    usage = usage_line(details)
    assert (usage.type, usage.description, usage.amount) == ("usage", "Resource Usage", 7 * CENT)
    assert usage.details == tuple(details)


def test_a_late_line_names_its_period_by_its_local_days() -> None:
    start, end = (start_of_day(day, "Asia/Kolkata") for day in (date(2026, 4, 1), date(2026, 5, 1)))
    late = late_line(Period(start, end, "Asia/Kolkata"), -CENT)
    assert late.description == "Late usage, 2026-04-01 to 2026-04-30"
    assert (late.type, late.amount, late.period_start) == ("late_usage", -CENT, start)


def test_an_invoice_bears_its_periods_end_and_is_due_a_week_later() -> None:
    bill = issued(CENT)
    assert (bill.status, bill.number) == ("open", 1)
    assert (bill.issued_at, bill.due_date) == (APRIL.end, APRIL.end + timedelta(days=7))


@pytest.mark.parametrize(
    ("after", "at_end"),
    [
        (timedelta(minutes=30), True),
        (timedelta(hours=24), True),
        (timedelta(hours=24, milliseconds=1), False),
        (timedelta(days=40), False),
    ],
)
def test_an_invoice_issued_more_than_a_day_late_bears_that_instant(after: timedelta, at_end: bool) -> None:
    now = APRIL.end + after
    bill = invoice(CENT).issue(number=1, now=now)
    assert bill.issued_at == (APRIL.end if at_end else now)
    assert bill.due_date == (APRIL.end if at_end else now) + timedelta(days=7)


def test_a_reissue_bears_the_instant_it_is_given() -> None:
    assert invoice(CENT).issue(number=2, now=HALF_PAST, at=HALF_PAST).issued_at == HALF_PAST


@pytest.mark.parametrize("amounts", [[], [-CENT]])
def test_one_of_nothing_is_paid_at_its_issue_by_no_method(amounts: list[int]) -> None:
    bill = issued(*amounts)
    assert (bill.status, bill.paid_at, bill.amount_due) == ("paid", APRIL.end, 0)
    assert (bill.payment_method, bill.payment_reference, bill.has_receipt) == (None, None, False)


@pytest.mark.parametrize(
    ("currency", "total", "balance", "paid"),
    [
        ("USD", 100_000, 39_999, 30_000),
        ("USD", 100_000, 100_000, 100_000),
        ("USD", 100_000, 10**12, 100_000),
        ("USD", 100_000, 9_999, 0),
        ("USD", 100_000, 0, 0),
        ("USD", 100_000, -50_000, 0),
        ("JPY", 5_000_000, 4_999_999, 4_000_000),
        ("JPY", 5_000_000, 999_999, 0),
        ("KWD", 5_000, 4_999, 4_000),
    ],
)
def test_a_balance_pays_whole_minor_units_up_to_the_total(currency: str, total: int, balance: int, paid: int) -> None:
    bill = issued(total, currency=currency).pay_from(balance, at=HALF_PAST)
    assert (bill.paid_by_balance, bill.amount_due) == (paid, total - paid)
    assert bill.status == ("paid" if paid == total else "open")
    assert (bill.payment_method, bill.paid_at) == (("Balance", HALF_PAST) if paid == total else (None, None))
    assert bill.has_receipt == (paid == total)


def test_a_draft_and_what_is_paid_take_nothing_from_a_balance() -> None:
    paid = issued(CENT).pay_from(CENT, at=HALF_PAST)
    for bill in (invoice(CENT), issued(), paid):
        assert bill.amount_due == 0
        assert bill.pay_from(10**9, at=HALF_PAST) is bill


@pytest.mark.parametrize("status", UNPAID)
def test_what_is_not_paid_may_be_voided_and_is_owed_no_more(status: Any) -> None:
    bill = replace(issued(5 * CENT).pay_from(CENT, at=HALF_PAST), status=status)
    void = bill.void(at=HALF_PAST, reason="wrong")
    assert (void.status, void.voided_at, void.void_reason) == ("void", HALF_PAST, "wrong")
    assert (void.amount_due, void.paid_by_balance, void.total, void.number) == (0, 0, 5 * CENT, 1)


@pytest.mark.parametrize(
    ("status", "code"), [("draft", "not_issued"), ("paid", "invoice_paid"), ("void", "invoice_void")]
)
def test_what_is_a_draft_paid_or_void_is_not_voided(status: Any, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        replace(issued(CENT), status=status).void(at=HALF_PAST, reason="wrong")
    assert refused.value.code == code


def test_an_id_follows_from_account_period_and_revision() -> None:
    first = invoice_id("a", APRIL.start)
    assert first == invoice_id("a", APRIL.start, revision=1)
    others = [invoice_id("b", APRIL.start), invoice_id("a", APRIL.end), invoice_id("a", APRIL.start, revision=2)]
    assert len({first, *others}) == 4
    assert first == derived_id("invoice", "a", "2026-04-01T00:00:00.000Z", "period", "1")


cents = st.integers(-(10**6), 10**6)
rates = st.decimals(0, 30, places=2)


@deterministic
@given(
    amounts=st.lists(cents, max_size=6),
    rate=rates,
    carried_credit=st.integers(0, 10**6),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_every_invoice_adds_up_and_hands_on_exactly_what_is_too_much(
    amounts: list[int], rate: Decimal, carried_credit: int, currency: str
) -> None:
    unit = minor_unit(currency)
    bill = invoice(
        *(amount * unit for amount in amounts),
        tax_rate=str(rate),
        currency=currency,
        carried_credit_in=carried_credit * unit,
    )
    net = sum(amounts) * unit
    exact = Fraction(net) * Fraction(rate) / 100
    assert abs(bill.tax - exact) <= Fraction(unit, 2)
    assert bill.total == max(0, net + bill.tax - carried_credit * unit)
    assert bill.carried_credit == max(0, carried_credit * unit - net - bill.tax)
    assert bill.subtotal + bill.tax == bill.total
    assert all(part.amount and part.amount % unit == 0 for part in bill.lines)


@deterministic
@given(invoices=st.lists(st.lists(cents, max_size=3), max_size=8), rate=rates)
def test_over_a_row_of_invoices_nothing_of_what_is_carried_is_lost(invoices: list[list[int]], rate: Decimal) -> None:
    carried_credit, totals, owed = 0, 0, 0
    for amounts in invoices:
        bill = invoice(*(amount * CENT for amount in amounts), tax_rate=str(rate), carried_credit_in=carried_credit)
        carried_credit, totals = bill.carried_credit, totals + bill.total
        owed += sum(amounts) * CENT + bill.tax
    assert totals - carried_credit == owed
