"""A crash at any external call of invoicing loses no money, bills nothing twice, and leaves no period half-closed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tallybook.domain.invoices import Invoice
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tests.simulation.conftest import Sweep
from tests.simulation.invoicing_crashes import (
    draft,
    end_period,
    subscriber,
    subscriber_with_late_usage,
    sweep_and_compare,
)
from tests.support.app import App, Member


def invoices(app: App, member: Member) -> list[Invoice]:
    """The account's invoices, oldest first."""
    return list_invoices(app.ctx, app.account_of(member), offset=0, limit=100)[::-1]


def invoice_due(app: App, _: Any) -> list[Invoice]:
    return app.invoice_due()


def test_closing_a_period_that_has_a_draft_late_usage_and_a_balance(sweep: Sweep) -> None:
    calls, (issued,) = sweep_and_compare(sweep, subscriber_with_late_usage, invoice_due)
    kinds = {line.type: line.amount for line in issued.lines}
    assert kinds == {"subscription": 20_000_000, "usage": 28_000_000, "late_usage": 7_000_000}
    assert (issued.total, issued.paid_by_balance, issued.status) == (59_240_000, 3_000_000, "open")
    # 8 index partitions, the account, usage and late usage, two catalogs, existing items, the transaction
    assert calls == 8 + 1 + 2 + 2 + 1 + 1


def test_closing_three_missed_months_one_after_the_other(sweep: Sweep) -> None:
    def prepare(app: App) -> Member:
        member = subscriber(app)
        app.clock.advance(days=95)
        return member

    calls, issued = sweep_and_compare(sweep, prepare, invoice_due)
    assert [(one.number, one.total) for one in issued] == [(1, 36_620_000), (2, 21_540_000), (3, 21_540_000)]
    assert calls == 22


def test_drafting_and_refreshing_a_draft(sweep: Sweep) -> None:
    def refresh(app: App, known: tuple[Member, Invoice | None]) -> Invoice:
        return draft(app, known[0])

    def check(app: App, known: tuple[Member, Invoice | None], answer: Invoice) -> None:
        assert invoices(app, known[0]) == [answer]
        assert (answer.status, answer.number, answer.position) == ("draft", None, 1)
        assert answer.total == (36_620_000 if known[1] is None else 51_700_000)

    def first(app: App) -> tuple[Member, Invoice | None]:
        return subscriber(app), None

    def again(app: App) -> tuple[Member, Invoice | None]:
        member = subscriber(app)
        before = draft(app, member)
        app.record(app.event(member, quantity=1_000_000))
        return member, before

    assert sweep(first, refresh, check) == 6  # the key's first use is noted too
    assert sweep(again, refresh, check) == 5


def test_usage_that_comes_late(sweep: Sweep) -> None:
    def prepare(app: App) -> tuple[Member, list[Any]]:
        member = subscriber(app)
        end_period(app, member)
        app.invoice_due()
        before = app.clock.now() - timedelta(hours=1)
        late = [app.event(member, quantity=1, time=before) for _ in range(150)]
        return member, [*late, app.event(member, quantity=1), app.event(member, meter="credits", time=before)]

    def ingest(app: App, known: tuple[Member, list[Any]]) -> None:
        answers = app.record(*known[1])
        assert {answer.status for answer in answers} <= {"accepted", "duplicate"}

    calls, _ = sweep_and_compare(sweep, prepare, ingest)
    assert calls == 5


def unpaid(app: App) -> tuple[Member, Invoice]:
    """An invoice that the balance paid in part."""
    member = subscriber(app)
    end_period(app, member)
    (issued,) = app.invoice_due()
    assert (issued.paid_by_balance, issued.status) == (1_000_000, "open")
    return member, issued


def test_marking_an_invoice_overdue(sweep: Sweep) -> None:
    def prepare(app: App) -> None:
        unpaid(app)
        app.clock.advance(days=7)

    calls, (overdue,) = sweep_and_compare(sweep, prepare, invoice_due)
    assert overdue.status == "overdue"
    assert calls == 11


def test_voiding_an_invoice_refunds_the_balance(sweep: Sweep) -> None:
    def void(app: App, known: tuple[Member, Invoice]) -> tuple[Invoice, int]:
        after = void_invoice(app.ctx, known[1].id, reason="as asked")
        return after, app.account_of(known[0]).wallet.balance

    calls, (after, balance) = sweep_and_compare(sweep, unpaid, void)
    assert (after.status, after.paid_by_balance, balance) == ("void", 0, 1_000_000)
    assert calls == 4


def test_reissuing_a_void_invoice(sweep: Sweep) -> None:
    def prepare(app: App) -> tuple[Member, Invoice]:
        member, issued = unpaid(app)
        void_invoice(app.ctx, issued.id, reason="as asked")
        app.change_account(member, discount=Decimal(50))
        return member, issued

    def reissue(app: App, known: tuple[Member, Invoice]) -> Invoice:
        return reissue_invoice(app.ctx, known[1].id)

    calls, after = sweep_and_compare(sweep, prepare, reissue)
    assert (after.revision, after.number, after.total, after.paid_by_balance) == (2, 2, 25_850_000, 1_000_000)
    assert calls == 5
