"""Void and reissued invoices with corrections of late usage: in the end the customer owes what the usage costs."""

from datetime import timedelta

import pytest

from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import apply_volume_price, close, grant, invoices

CENT = 10_000


@pytest.fixture
def member(app: App) -> Member:
    """A member whose fee of 200.00 keeps totals above zero, so that each correction is on one invoice."""
    plans = app.catalog_data()["plans"]
    apply_volume_price(app, plans=plans | {"hobby": plans["hobby"] | {"price": "200"}})
    return app.member()


@pytest.fixture(autouse=True)
def _at_its_end(app: App, member: Member) -> None:
    """So that usage of the first period is not too old two periods later."""
    app.clock.moment = member.account.closing_cursor.period.end - timedelta(hours=1)


def use(app: App, member: Member, quantity: int) -> None:
    at_the_end = member.account.closing_cursor.period.end - timedelta(hours=1)
    event = app.event(member, meter="bulk", quantity=quantity, time=at_the_end)
    assert [result.status for result in app.record(event)] == ["accepted"]


def standing(app: App, member: Member) -> int:
    """What the invoices that stand bill for usage."""
    check_invariants(app)
    return sum(invoice.sum_of("usage", "late_usage") for invoice in invoices(app, member) if invoice.status != "void")


def test_a_void_credit_is_given_again(app: App, member: Member) -> None:
    use(app, member, 100)
    grant(app, member, close(app, member).total)
    use(app, member, 1)
    second = close(app, member)
    assert second.sum_of("late_usage") == -8990 * CENT
    void_invoice(app.ctx, second.id, reason="test")
    assert close(app, member).sum_of("late_usage") == -8990 * CENT
    assert standing(app, member) == 1010 * CENT
    reissue_invoice(app.ctx, second.id)
    assert close(app, member).sum_of("late_usage") == 8990 * CENT
    assert standing(app, member) == 1010 * CENT


def test_a_correction_taken_back_twice_is_credited_again(app: App, member: Member) -> None:
    use(app, member, 100)
    first = close(app, member)
    use(app, member, 1)
    close(app, member)
    void_invoice(app.ctx, first.id, reason="test")
    third = close(app, member)
    void_invoice(app.ctx, third.id, reason="test")
    fourth = close(app, member)
    assert [one.sum_of("late_usage") for one in (third, fourth)] == [8990 * CENT] * 2
    reissue_invoice(app.ctx, third.id)
    assert close(app, member).sum_of("late_usage") == -8990 * CENT
    assert standing(app, member) == 0


def test_late_usage_that_stands_is_credited_as_far_as_it_is_owed_no_more(app: App, member: Member) -> None:
    """150 units cost 15.00: 2.00 of them are forgiven, and 13.00 stand."""
    use(app, member, 2)
    void_invoice(app.ctx, close(app, member).id, reason="test")
    use(app, member, 98)
    assert close(app, member).sum_of("late_usage") == 9800 * CENT
    use(app, member, 50)
    assert close(app, member).sum_of("late_usage") == -8500 * CENT
    assert standing(app, member) == 1300 * CENT
