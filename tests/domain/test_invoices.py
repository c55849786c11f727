"""An invoice adds up, is taxed once, is never below zero, and changes only as its state allows."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.errors import Conflict
from tallybook.domain.ids import derived_id
from tallybook.domain.invoices import UNPAID, Invoice, invoice_id
from tallybook.domain.money import minor_unit
from tests.domain.draft_invoices import APRIL, CENT, draft_invoice
from tests.support.hypothesis_settings import deterministic

CLOSED_AT = APRIL.end + timedelta(minutes=30)


def issue(*amounts: int, **terms: Any) -> Invoice:
    return draft_invoice(*amounts, **terms).issue(number=1, now=CLOSED_AT)


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
    bill = draft_invoice(*amounts, tax_rate=rate, currency=currency)
    assert (bill.subtotal, bill.tax, bill.total) == (sum(amounts), tax, sum(amounts) + tax)


def test_a_total_below_zero_becomes_an_untaxed_carried_line() -> None:
    """1.00 less 4.00 at 20 % is -3.60."""
    bill = draft_invoice(100 * CENT, -400 * CENT, tax_rate="20")
    assert [(part.type, part.amount) for part in bill.lines][2:] == [("carried", 360 * CENT)]
    assert bill.lines[-1].description == "Carried to next invoice"
    assert (bill.subtotal, bill.tax, bill.total, bill.carried_credit) == (60 * CENT, -60 * CENT, 0, 360 * CENT)


def test_carried_credit_comes_off_after_the_tax() -> None:
    bill = draft_invoice(1000 * CENT, tax_rate="20", carried_credit_in=360 * CENT)
    assert [(part.type, part.description, part.amount) for part in bill.lines][1:] == [
        ("carried", "Carried from last invoice", -360 * CENT)
    ]
    assert (bill.tax, bill.total, bill.carried_credit, bill.carried_credit_in) == (
        200 * CENT,
        840 * CENT,
        0,
        360 * CENT,
    )


def test_carried_credit_beyond_the_total_is_carried_again() -> None:
    bill = draft_invoice(100 * CENT, tax_rate="20", carried_credit_in=360 * CENT)
    assert (bill.total, bill.carried_credit_in, bill.carried_credit) == (0, 360 * CENT, 240 * CENT)


def test_an_invoice_is_dated_at_its_periods_end_and_due_a_week_later() -> None:
    bill = issue(CENT)
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
def test_an_invoice_issued_over_a_day_late_is_dated_at_its_issue(after: timedelta, at_end: bool) -> None:
    now = APRIL.end + after
    bill = draft_invoice(CENT).issue(number=1, now=now)
    assert bill.issued_at == (APRIL.end if at_end else now)
    assert bill.due_date == (APRIL.end if at_end else now) + timedelta(days=7)


def test_a_reissue_is_dated_at_the_given_instant() -> None:
    assert draft_invoice(CENT).issue(number=2, now=CLOSED_AT, at=CLOSED_AT).issued_at == CLOSED_AT


@pytest.mark.parametrize("earlier", [timedelta(hours=-1), timedelta(0), timedelta(minutes=10)])
def test_an_invoice_is_never_dated_before_the_last_one(earlier: timedelta) -> None:
    bill = draft_invoice(CENT).issue(number=3, now=CLOSED_AT, not_before=APRIL.end + earlier)
    date = APRIL.end + max(earlier, timedelta(0))
    assert (bill.issued_at, bill.due_date) == (date, date + timedelta(days=7))


def test_a_revision_replaces_the_one_before() -> None:
    first = draft_invoice(CENT)
    assert first.replaces is None
    assert replace(first, revision=3).replaces == invoice_id("a", APRIL.start, revision=2)


@pytest.mark.parametrize("amounts", [[], [-CENT]])
def test_an_invoice_of_zero_is_paid_at_its_issue_by_no_method(amounts: list[int]) -> None:
    bill = issue(*amounts)
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
    bill = issue(total, currency=currency).pay_from(balance, at=CLOSED_AT)
    assert (bill.paid_by_balance, bill.amount_due) == (paid, total - paid)
    assert bill.status == ("paid" if paid == total else "open")
    assert (bill.payment_method, bill.paid_at) == (("Balance", CLOSED_AT) if paid == total else (None, None))
    assert bill.has_receipt == (paid == total)


def test_a_draft_or_paid_invoice_takes_nothing_from_a_balance() -> None:
    paid = issue(CENT).pay_from(CENT, at=CLOSED_AT)
    for bill in (draft_invoice(CENT), issue(), paid):
        assert bill.amount_due == 0
        assert bill.pay_from(10**9, at=CLOSED_AT) is bill


@pytest.mark.parametrize("status", UNPAID)
def test_an_unpaid_invoice_can_be_voided_and_is_owed_no_more(status: Any) -> None:
    bill = replace(issue(5 * CENT).pay_from(CENT, at=CLOSED_AT), status=status)
    void = bill.void(at=CLOSED_AT, reason="wrong")
    assert (void.status, void.voided_at, void.void_reason) == ("void", CLOSED_AT, "wrong")
    assert (void.amount_due, void.paid_by_balance, void.total, void.number) == (0, 0, 5 * CENT, 1)


@pytest.mark.parametrize(
    ("status", "code"), [("draft", "not_issued"), ("paid", "invoice_paid"), ("void", "invoice_void")]
)
def test_a_draft_paid_or_void_invoice_can_not_be_voided(status: Any, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        replace(issue(CENT), status=status).void(at=CLOSED_AT, reason="wrong")
    assert refused.value.code == code


def test_an_invoice_id_follows_from_account_period_and_revision() -> None:
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
def test_every_invoice_adds_up_and_carries_exactly_its_excess(
    amounts: list[int], rate: Decimal, carried_credit: int, currency: str
) -> None:
    unit = minor_unit(currency)
    bill = draft_invoice(
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
def test_carried_credit_is_not_lost_over_a_sequence_of_invoices(invoices: list[list[int]], rate: Decimal) -> None:
    carried_credit, totals, owed = 0, 0, 0
    for amounts in invoices:
        bill = draft_invoice(
            *(amount * CENT for amount in amounts), tax_rate=str(rate), carried_credit_in=carried_credit
        )
        carried_credit, totals = bill.carried_credit, totals + bill.total
        owed += sum(amounts) * CENT + bill.tax
    assert totals - carried_credit == owed
