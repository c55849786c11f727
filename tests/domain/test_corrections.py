"""A void invoice takes back what it billed for each period, and a reissue bills it again."""

from dataclasses import replace
from datetime import timedelta

from tallybook.domain.accounts import Correction
from tallybook.domain.corrections import after_reissue, after_void, billed_by
from tallybook.domain.invoice_lines import InvoiceLine
from tallybook.domain.periods import Period
from tallybook.domain.times import stamp
from tests.domain.draft_invoices import APRIL, CENT, draft_invoice
from tests.domain.events.samples import ACCOUNT

MARCH = Period(APRIL.start - timedelta(days=31), APRIL.start, "UTC")
USAGE = draft_invoice(42 * CENT)
WITH_LATE = replace(USAGE, lines=(*USAGE.lines, InvoiceLine("late_usage", "Late", -7 * CENT, period_start=MARCH.start)))


def test_an_invoice_bills_the_usage_of_its_own_and_of_earlier_periods() -> None:
    fee = InvoiceLine("subscription", "Pro plan", 20 * CENT)
    assert billed_by(replace(WITH_LATE, lines=(fee, *WITH_LATE.lines))) == {
        APRIL.start: 42 * CENT,
        MARCH.start: -7 * CENT,
    }
    assert billed_by(replace(USAGE, lines=(fee,))) == {}


def test_a_void_and_a_reissue_cancel_out_and_bill_again() -> None:
    void = after_void(ACCOUNT, WITH_LATE)
    assert void.corrections == {
        stamp(APRIL.start): Correction(42 * CENT, forgiven=42 * CENT, is_void=True),
        stamp(MARCH.start): Correction(-7 * CENT),
    }
    assert after_reissue(void, WITH_LATE).corrections == {
        stamp(APRIL.start): Correction(0, is_void=False),
        stamp(MARCH.start): Correction(0),
    }


def test_two_void_invoices_add_up_and_only_the_own_period_is_void() -> None:
    march = replace(draft_invoice(50 * CENT), period=MARCH)
    both = after_void(after_void(ACCOUNT, WITH_LATE), march).corrections
    assert both[stamp(MARCH.start)] == Correction(43 * CENT, forgiven=50 * CENT, is_void=True)
    assert both == after_void(after_void(ACCOUNT, march), WITH_LATE).corrections
    late_reissued = after_reissue(after_void(ACCOUNT, march), WITH_LATE).corrections
    assert late_reissued[stamp(MARCH.start)] == Correction(57 * CENT, forgiven=50 * CENT, is_void=True)


def test_a_void_invoice_without_usage_makes_its_period_void() -> None:
    """Late usage that another invoice billed for the period is not credited while its own invoice is void."""
    assert after_void(ACCOUNT, draft_invoice()).corrections == {stamp(APRIL.start): Correction(0, is_void=True)}
