"""A crash at any external call of a payment leaves all of it undone or done: the money, the invoices, the reminder."""

from typing import Any

from tallybook.domain.invoices import Invoice
from tallybook.services.billing.pay_unpaid import MAX_PAYMENTS
from tallybook.services.billing.void_invoice import void_invoice
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.conftest import Sweep
from tests.simulation.invoicing_crashes import end_period, sweep_and_compare
from tests.support.app import App, Member
from tests.support.invoices import invoices

CENT = 10_000


def debtor(app: App, *, periods: int) -> Member:
    """A member without a balance, with an unpaid invoice of 0.42 for each period."""
    app.apply_catalog(welcome_credit=0)
    member = app.member()
    for _ in range(periods):
        app.record(app.event(member, quantity=30_000))
        end_period(app, member)
        app.invoice_due()
    return member


def test_a_grant_that_pays_one_invoice_and_a_part_of_the_next(sweep: Sweep) -> None:
    def prepare(app: App) -> tuple[Member, Any]:
        return debtor(app, periods=2), app.platform()

    def grant(app: App, known: tuple[Member, Any]) -> list[int]:
        member, platform = known
        give_credits(app.ctx, platform, Move(member.account.id, 50 * CENT, "grant", "order 7"))
        return [one.paid_by_balance for one in invoices(app, member)]

    calls, paid = sweep_and_compare(sweep, prepare, grant)
    assert paid == [42 * CENT, 8 * CENT]
    # the key with account and cause, the unpaid invoices, the transaction; then two calls of the answer
    assert calls == 3 + 2


def test_a_void_invoice_whose_refund_pays_another(sweep: Sweep) -> None:
    def prepare(app: App) -> tuple[Member, Invoice]:
        member = debtor(app, periods=2)
        give_credits(app.ctx, app.platform(), Move(member.account.id, 30 * CENT, "grant", "order 7"))
        return member, invoices(app, member)[0]

    def void(app: App, known: tuple[Member, Invoice]) -> list[tuple[str, int]]:
        void_invoice(app.ctx, known[1].id, reason="as asked")
        return [(one.status, one.paid_by_balance) for one in invoices(app, known[0])]

    _, found = sweep_and_compare(sweep, prepare, void)
    assert found == [("void", 0), ("open", 30 * CENT)]


def test_an_overdue_invoice_with_a_joint_reminder(sweep: Sweep) -> None:
    def prepare(app: App) -> None:
        debtor(app, periods=2)
        app.clock.advance(days=7)

    def mark(app: App, _: None) -> list[Invoice]:
        return app.invoice_due()

    _, (overdue,) = sweep_and_compare(sweep, prepare, mark)
    assert (overdue.position, overdue.status) == (2, "overdue")


def test_a_task_that_pays_what_a_grant_left(sweep: Sweep) -> None:
    def prepare(app: App) -> Member:
        member = debtor(app, periods=MAX_PAYMENTS + 2)
        give_credits(app.ctx, app.platform(), Move(member.account.id, 1000 * CENT, "grant", "order 7"))
        return member

    def pay(app: App, member: Member) -> list[str]:
        app.invoice_due()
        return [one.status for one in invoices(app, member)]

    _, found = sweep_and_compare(sweep, prepare, pay)
    assert found == ["paid"] * (MAX_PAYMENTS + 2)
