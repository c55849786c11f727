"""A period that a plan change cuts short keeps its full end; a closed one is billed for its late usage."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from tallybook.domain.accounts import Correction
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.periods import Period

JUNE = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC), "UTC")
OPENED = BillingPeriod(period=JUNE, plan="pro", catalog_version=1, shards=1, is_open=True)


def test_an_uncut_period_ran_in_full() -> None:
    assert OPENED.part == 1


@pytest.mark.parametrize(
    ("ran", "part"),
    [
        (timedelta(days=10), Fraction(1, 3)),
        (timedelta(days=30, milliseconds=-1), 1 - Fraction(1, 30 * 86_400_000)),
        (timedelta(milliseconds=1), Fraction(1, 30 * 86_400_000)),
        (timedelta(days=30), Fraction(1)),
        (timedelta(hours=7, milliseconds=7), Fraction(25_200_007, 30 * 86_400_000)),
    ],
)
def test_the_part_that_ran_is_exact_to_the_millisecond(ran: timedelta, part: Fraction) -> None:
    cut = OPENED.cut(JUNE.start + ran)
    assert (cut.period.start, cut.period.end, cut.cut_from) == (JUNE.start, JUNE.start + ran, JUNE.end)
    assert cut.part == part


@pytest.mark.parametrize(
    "at", [JUNE.start - timedelta(milliseconds=1), JUNE.start, JUNE.end + timedelta(milliseconds=1)]
)
def test_a_cut_outside_the_period_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="within"):
        OPENED.cut(at)


def test_a_cut_keeps_the_pinned_plan_and_catalog() -> None:
    cut = OPENED.cut(JUNE.start + timedelta(days=10))
    assert (cut.plan, cut.catalog_version, cut.shards, cut.is_open) == ("pro", 1, 1, True)


@pytest.mark.parametrize(
    ("billed", "voided", "forgiven", "cost", "amount"),
    [
        (100, 0, 0, 150, 50),
        (100, 0, 0, 10, -90),
        (100, 100, 100, 10, 0),
        (100, 100, 100, 150, 50),
        (10, 100, 100, 10, 90),
        (10, 100, 100, 15, 90),
        (150, 100, 100, 20, -50),
        (150, 100, 100, 120, -30),
        (150, 50, 50, 20, -100),
        (10, -90, 0, 10, -90),
        (-80, -90, 0, 10, 0),
    ],
    ids=[
        "more usage costs more",
        "more usage costs less",
        "void, so nothing is credited",
        "more than what was void",
        "a credit of a void bill is taken back",
        "the credit taken back pays for more usage",
        "void, and a late line stands that is owed no more",
        "void, and a part of the late line that stands is owed",
        "a void late line, so only what stands is credited",
        "a void credit is given again",
        "a void credit was given again",
    ],
)
def test_late_usage_credits_at_most_what_was_charged_and_stands(
    billed: int, voided: int, forgiven: int, cost: int, amount: int
) -> None:
    closed = replace(OPENED, is_open=False, billed=billed, voided=voided, forgiven=forgiven)
    stored = replace(closed, voided=voided + 3, forgiven=forgiven + 2, is_void=True)
    assert stored.corrected(Correction(-3, -2, is_void=False)) == closed
    assert closed.late_amount(cost) == amount
    assert replace(closed, billed=billed - 7).late_amount(cost, unwritten=7) == amount


def test_a_correction_of_a_late_line_leaves_whether_the_period_is_void() -> None:
    void = replace(OPENED, is_open=False, billed=150, voided=100, is_void=True)
    assert void.corrected(Correction(50)) == replace(void, voided=150)
    assert void.corrected(Correction()) == void
