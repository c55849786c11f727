"""A void invoice is owed no more, and only its reissue bills the same usage again."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.mark_overdue import mark_overdue
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tests.support.app import App, Member
from tests.support.invariants import check_invariants

DOLLAR = 1_000_000


@pytest.fixture
def member(app: App) -> Member:
    """A member on a plan of 20.00 a month, with no balance and 14.00 of usage."""
    app.apply_catalog(free_plan="pro", welcome_credit=0, tax_rate="10")
    member = app.member()
    app.record(app.event(member, quantity=1_000_000))
    return member


def close(app: App, member: Member) -> Invoice:
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    *_, issued = sorted(app.invoice_due(), key=lambda invoice: invoice.number or 0)
    check_invariants(app)
    return issued


def test_a_reissue_bills_the_same_usage_with_present_discount_and_tax(app: App, member: Member) -> None:
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    app.change_account(member, discount=Decimal(25), tax_rate=Decimal(0))
    app.clock.advance(days=3)
    again = reissue_invoice(app.ctx, first.id)
    check_invariants(app)
    assert (first.total, again.total) == (37_400_000, 29 * DOLLAR)
    assert (again.revision, again.number, again.position) == (2, 2, 2)
    assert (again.period, again.issued_at, again.due_date) == (
        first.period,
        app.clock.now(),
        app.clock.now() + timedelta(days=7),
    )
    assert again.id != first.id


def test_a_repeated_void_or_reissue_changes_nothing(app: App, member: Member) -> None:
    first = close(app, member)
    void = void_invoice(app.ctx, first.id, reason="as asked")
    app.clock.advance(days=1)
    assert void_invoice(app.ctx, first.id, reason="once more") == void
    again = reissue_invoice(app.ctx, first.id)
    assert reissue_invoice(app.ctx, first.id) == again
    check_invariants(app)


def test_reissuing_again_does_not_bill_a_finally_voided_invoice(app: App, member: Member) -> None:
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    void = void_invoice(app.ctx, reissue_invoice(app.ctx, first.id).id, reason="never to be billed")
    assert reissue_invoice(app.ctx, first.id) == void
    assert reissue_invoice(app.ctx, void.id).revision == 3
    check_invariants(app)


def test_late_usage_of_a_void_invoices_period_is_billed_once_elsewhere(app: App, member: Member) -> None:
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    app.record(app.event(member, quantity=500_000, time=first.period.start))
    second = close(app, member)
    again = reissue_invoice(app.ctx, first.id)
    check_invariants(app)
    assert (second.sum_of("late_usage"), again.sum_of("usage"), again.sum_of("late_usage")) == (
        7 * DOLLAR,
        14 * DOLLAR,
        0,
    )


def test_credit_carried_into_a_void_invoice_goes_to_the_next(app: App) -> None:
    """Volume, 5.00 up to 10 and 0.01 above: a late eleventh turns 50.00 into 0.11."""
    tiers = [{"up_to": "10", "unit_price": "5"}, {"unit_price": "0.01"}]
    prices = [{"model": "volume", "tiers": tiers}]
    bulk = {"resource_type": "sandbox", "unit": "unit", "settles": "invoice", "prices": prices}
    meters = app.catalog_data()["meters"] | {"bulk": bulk}
    app.apply_catalog(free_plan="pro", welcome_credit=0, tax_rate="10", meters=meters)
    member = app.member()
    app.record(app.event(member, meter="bulk", quantity=10))
    first = close(app, member)
    app.record(app.event(member, meter="bulk", quantity=1, time=first.period.start))
    second, third, fourth = (close(app, member) for _ in range(3))
    assert (second.sum_of("late_usage"), second.total, second.carried_credit) == (-49_890_000, 0, 32_880_000)
    assert (third.carried_credit_in, third.total, third.carried_credit) == (32_880_000, 0, 10_880_000)
    assert (fourth.carried_credit_in, fourth.total, fourth.carried_credit) == (10_880_000, 11_120_000, 0)
    void_invoice(app.ctx, fourth.id, reason="as asked")
    assert app.account_of(member).closing_cursor.carried_credit == 10_880_000
    again = reissue_invoice(app.ctx, fourth.id)
    assert (again.carried_credit_in, again.total) == (10_880_000, 11_120_000)
    assert app.account_of(member).closing_cursor.carried_credit == 0
    check_invariants(app)


def test_only_unpaid_invoices_are_voided_and_only_void_ones_reissued(app: App, member: Member) -> None:
    issued = close(app, member)
    for id, reason, refusal in ((issued.id, "", Invalid), ("nobody", "as asked", NotFound)):
        with pytest.raises(refusal):
            void_invoice(app.ctx, id, reason=reason)
    with pytest.raises(Conflict) as refused:
        reissue_invoice(app.ctx, issued.id)
    assert refused.value.code == "not_void"
    check_invariants(app)


def test_an_invoice_is_overdue_from_its_due_date_on(app: App, member: Member) -> None:
    issued = close(app, member)
    assert issued.due_date is not None
    app.clock.moment = issued.due_date - timedelta(milliseconds=1)
    assert mark_overdue(app.ctx, member.account.id, issued.position) == []
    app.clock.moment = issued.due_date
    (overdue,) = app.invoice_due()
    assert (overdue.status, overdue.amount_due) == ("overdue", issued.total)
    assert app.invoice_due() == []
    assert void_invoice(app.ctx, issued.id, reason="as asked").status == "void"
    check_invariants(app)
