"""Which lines an invoice has, and how each is described."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tallybook.domain.fees import Fee
from tallybook.domain.invoice_lines import Detail, balance_lines, fee_lines, late_line, usage_line
from tallybook.domain.periods import Period, start_of_day
from tests.domain.draft_invoices import CENT, draft_invoice


def test_lines_of_zero_are_left_out() -> None:
    assert draft_invoice(0, 0).lines == ()
    assert [part.amount for part in draft_invoice(0, CENT, 0).lines] == [CENT]


def test_a_fee_and_each_deduction_have_their_own_line() -> None:
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
    fee_from_lines = replace(draft_invoice(), lines=tuple(lines)).fee
    assert (fee_from_lines.standard, fee_from_lines.credit, fee_from_lines.final) == (100 * CENT, 60 * CENT, 40 * CENT)


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
