"""What an account has to pay follows each change of an invoice; small overdue invoices share a reminder."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tallybook.domain.accounts import Account, Receivables
from tallybook.domain.invoices import Invoice
from tallybook.domain.receivables import after_invoice, can_pay, remind_of
from tests.domain.draft_invoices import APRIL, CENT, draft_invoice
from tests.domain.events.samples import ACCOUNT

HALF = 50 * CENT
AT = APRIL.end + timedelta(minutes=30)


def issue(position: int, cents: int = 42) -> Invoice:
    return replace(draft_invoice(cents * CENT), position=position).issue(number=position, now=AT)


def owing(*invoices: Invoice) -> Account:
    account = ACCOUNT
    for invoice in invoices:
        account = after_invoice(account, None, invoice)
    return account


def test_unpaid_invoices_are_listed_in_the_order_of_their_issue() -> None:
    account = owing(issue(2), issue(5), issue(3, cents=0), issue(4))
    assert account.receivables == Receivables((2, 5, 4), {}, APRIL.end)


def test_a_paid_or_void_invoice_is_listed_no_more() -> None:
    first, second = issue(1), issue(2).mark_overdue()
    account = after_invoice(owing(first, issue(2)), issue(2), second)
    assert account.counts.overdue_count == 1
    part = second.pay_from(10 * CENT, at=AT)
    assert after_invoice(account, second, part).receivables.unpaid == (1, 2)
    paid = after_invoice(account, second, second.pay_from(42 * CENT, at=AT))
    assert (paid.receivables.unpaid, paid.counts.overdue_count) == ((1,), 0)
    assert after_invoice(paid, first, first.void(at=AT, reason="wrong")).receivables.unpaid == ()


def test_three_invoices_of_42_cents_are_reminded_of_at_the_second() -> None:
    account, reminders = owing(issue(1), issue(2), issue(3)), []
    for position in (1, 2, 3):
        overdue = issue(position).mark_overdue()
        account, named = remind_of(after_invoice(account, issue(position), overdue), overdue, smallest_charge=HALF)
        reminders.append(named)
    assert reminders == [(), (1, 2), ()]
    assert account.receivables.unreminded == {3: 42 * CENT}


@pytest.mark.parametrize(("cents", "named"), [(49, ()), (50, (1,)), (2_000, (1,))])
def test_an_invoice_of_the_smallest_charge_is_reminded_of_alone(cents: int, named: tuple[int, ...]) -> None:
    overdue = issue(1, cents).mark_overdue()
    account = after_invoice(owing(issue(1, cents)), issue(1, cents), overdue)
    assert remind_of(account, overdue, smallest_charge=HALF)[1] == named


def test_a_payment_lowers_or_ends_what_a_reminder_waits_for() -> None:
    overdue = issue(1).mark_overdue()
    account, _ = remind_of(after_invoice(owing(issue(1)), issue(1), overdue), overdue, smallest_charge=HALF)
    part = overdue.pay_from(30 * CENT, at=AT)
    assert after_invoice(account, overdue, part).receivables.unreminded == {1: 12 * CENT}
    assert after_invoice(account, part, part.pay_from(12 * CENT, at=AT)).receivables.unreminded == {}


@pytest.mark.parametrize(
    ("balance", "unpaid", "currency", "can"),
    [
        (CENT, (1,), "USD", True),
        (CENT - 1, (1,), "USD", False),
        (-CENT, (1,), "USD", False),
        (CENT, (), "USD", False),
        (CENT, None, "USD", True),
        (999_999, (1,), "JPY", False),
    ],
)
def test_a_balance_of_one_minor_unit_can_pay(
    balance: int, unpaid: tuple[int, ...] | None, currency: str, can: bool
) -> None:
    account = replace(ACCOUNT, wallet=ACCOUNT.wallet._replace(balance=balance), receivables=Receivables(unpaid=unpaid))
    assert can_pay(account, currency) == can
