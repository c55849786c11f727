"""Money that comes after an invoice was issued pays it: the oldest due date first, in the transaction of the money."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.accounts import Receivables
from tallybook.domain.audit import OPERATOR
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.pay_unpaid import MAX_PAYMENTS
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.wallet.credits import Move, give_credits
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import close, grant, invoices

DOLLAR = 1_000_000
CENT = 10_000


@pytest.fixture
def member(app: App) -> Member:
    """A member without a balance, whose plan and usage cost 0.42 a month."""
    plans = app.catalog_data()["plans"]
    plans["hobby"] |= {"price": "0.42"}
    app.apply_catalog(welcome_credit=0, plans=plans)
    return app.member()


def owe(app: App, member: Member, periods: int) -> list[Invoice]:
    for _ in range(periods):
        assert close(app, member).total == 42 * CENT
    return invoices(app, member)


def statuses(app: App, member: Member) -> list[str]:
    check_invariants(app)
    return [invoice.status for invoice in invoices(app, member)]


def payments(app: App, member: Member) -> list[tuple[str, int]]:
    """The cause and the amount of each payment."""
    entries = [item for item in app.stored("core") if item["sk"].startswith("ENTRY#")]
    entries = [item for item in entries if item["account_id"] == member.account.id]
    entries.sort(key=lambda item: item["number"])
    return [(item["cause"], int(item["amount"])) for item in entries if item["kind"] == "invoice_payment"]


def test_a_grant_of_50_pays_an_open_invoice_of_42_cents(app: App, member: Member) -> None:
    (issued,) = owe(app, member, 1)
    entry = grant(app, member, 50 * DOLLAR)
    assert entry.balance_after == 50 * DOLLAR
    (paid,) = invoices(app, member)
    assert (paid.status, paid.payment_method, paid.paid_at) == ("paid", "Balance", app.clock.now())
    assert paid == replace(
        issued, status="paid", payment_method="Balance", paid_at=app.clock.now(), paid_by_balance=42 * CENT
    )
    account = app.account_of(member)
    assert account.wallet.balance == 50 * DOLLAR - 42 * CENT
    assert account.receivables.unpaid == ()
    assert payments(app, member) == [(issued.id, -42 * CENT)]
    check_invariants(app)


def test_a_grant_pays_the_oldest_first_and_the_last_in_part(app: App, member: Member) -> None:
    first, second, third = owe(app, member, 3)
    grant(app, member, 1_005_000)
    assert statuses(app, member) == ["paid", "paid", "open"]
    assert app.account_of(member).wallet.balance == 5_000
    assert payments(app, member) == [(first.id, -42 * CENT), (second.id, -42 * CENT), (third.id, -16 * CENT)]
    grant(app, member, 5_000, "order 8")
    grant(app, member, DOLLAR, "order 9", kind="adjustment")
    assert statuses(app, member) == ["paid", "paid", "paid"]
    assert payments(app, member)[3:] == [(third.id, -CENT), (third.id, -25 * CENT)]


def test_a_debit_and_a_balance_below_a_cent_pay_nothing(app: App, member: Member) -> None:
    owe(app, member, 1)
    grant(app, member, 9_999)
    grant(app, member, -5_000, "order 8", kind="adjustment")
    assert statuses(app, member) == ["open"]


def test_a_grant_below_a_negative_balance_pays_nothing(app: App, member: Member) -> None:
    owe(app, member, 1)
    app.record(app.event(member, meter="credits", quantity=2 * DOLLAR))
    grant(app, member, DOLLAR)
    assert statuses(app, member) == ["open"]
    grant(app, member, DOLLAR + 10 * CENT, "order 8")
    assert statuses(app, member) == ["open"]
    assert payments(app, member)[-1][1] == -10 * CENT


def test_a_grant_without_unpaid_invoices_reads_nothing_more(app: App, member: Member) -> None:
    platform = app.platform()
    app.meter.clear()
    give_credits(app.ctx, platform, Move(member.account.id, DOLLAR, "grant", "order 7"))
    assert app.meter.calls == 2


def test_a_refund_of_a_void_invoice_pays_the_others(app: App, member: Member) -> None:
    first, second = owe(app, member, 2)
    grant(app, member, 30 * CENT)
    assert [one.paid_by_balance for one in invoices(app, member)] == [30 * CENT, 0]
    void_invoice(app.ctx, first.id, reason="as asked")
    assert statuses(app, member) == ["void", "open"]
    assert [one.paid_by_balance for one in invoices(app, member)] == [0, 30 * CENT]
    again = reissue_invoice(app.ctx, first.id)
    assert (again.paid_by_balance, statuses(app, member)) == (0, ["void", "open", "open"])
    grant(app, member, 54 * CENT, "order 8")
    assert statuses(app, member) == ["void", "paid", "paid"]
    assert payments(app, member)[-2:] == [(second.id, -12 * CENT), (again.id, -42 * CENT)]


def test_an_overdue_invoice_that_money_paid_blocks_no_upgrade(app: App, member: Member) -> None:
    owe(app, member, 1)
    app.clock.advance(days=8)
    assert [one.status for one in app.invoice_due()] == ["overdue"]
    assert app.account_of(member).counts.overdue_count == 1
    grant(app, member, 50 * DOLLAR)
    assert app.account_of(member).counts.overdue_count == 0
    assert statuses(app, member) == ["paid"]
    change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=True)
    check_invariants(app)


def test_a_paid_invoice_is_audited_and_announced(app: App, member: Member) -> None:
    (issued,) = owe(app, member, 1)
    grant(app, member, 20 * CENT)
    grant(app, member, 50 * DOLLAR, "order 8")
    entries = [item for item in app.stored("core") if item["sk"].startswith("AUDIT#")]
    mine = sorted((one for one in entries if "paid" in one["action"]), key=lambda one: one["number"])
    assert [one["action"] for one in mine] == ["invoice.paid_in_part", "invoice.paid"]
    assert {(one["target"], one["by"]) for one in mine} == {(f"inv-{issued.id}", "platform")}
    assert [int(one["after"]["paid_by_balance"]) for one in mine] == [20 * CENT, 42 * CENT]
    events = [item["body"]["events"] for item in app.stored("core", "OUTBOX") if item["kind"] == "events"]
    names = [[event["name"] for event in one] for one in events if one[0]["data"].get("kind") == "invoice_payment"]
    assert sorted(names) == [["WalletMoved"], ["WalletMoved", "InvoicePaid"]]


def test_more_invoices_than_one_transaction_pays_are_left_to_a_task(app: App, member: Member) -> None:
    count = 2 * MAX_PAYMENTS + 6
    owe(app, member, count)
    grant(app, member, 50 * DOLLAR)
    assert statuses(app, member).count("paid") == MAX_PAYMENTS
    changed = app.invoice_due()
    assert len(changed) == count - MAX_PAYMENTS
    assert statuses(app, member) == ["paid"] * count
    assert app.account_of(member).wallet.balance == 50 * DOLLAR - count * 42 * CENT
    assert app.invoice_due() == []


def test_a_task_whose_balance_was_used_up_leaves_the_invoices_as_they_were(app: App, member: Member) -> None:
    owe(app, member, MAX_PAYMENTS + 2)
    grant(app, member, 50 * DOLLAR)
    app.record(app.event(member, meter="credits", quantity=50 * DOLLAR))
    assert app.invoice_due() == []
    assert statuses(app, member)[MAX_PAYMENTS:] == ["overdue", "open"]
    assert app.invoice_due() == []


def test_a_balance_beside_open_invoices_of_an_older_release_pays_by_a_task(app: App, member: Member) -> None:
    """The older release let a balance stand beside an open invoice, and kept no list of unpaid ones."""
    owe(app, member, 1)
    app.change_account(member, balance=50 * DOLLAR)
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=("unpaid", "unreminded", "last_issued_at")))
    app.clock.moment = app.account_of(member).closing_cursor.period.end + timedelta(minutes=30)
    app.ctx.tables.write(Update(keys.invoice(member.account.id, 1), remove=("work", "due"), set={"status": "overdue"}))
    app.change_account(member, overdue=1)
    (second,) = app.invoice_due()
    assert (second.number, second.status) == (2, "open")
    assert [one.status for one in app.invoice_due()] == ["paid", "paid"]
    account = app.account_of(member)
    assert account.wallet.balance == 50 * DOLLAR - 84 * CENT
    assert account.receivables == Receivables((), {}, second.issued_at)
    assert account.counts.overdue_count == 0


@pytest.mark.parametrize("amount", [10 * CENT, 50 * DOLLAR])
def test_a_grant_to_an_account_of_an_older_release_pays_what_it_owes(app: App, member: Member, amount: int) -> None:
    owe(app, member, 2)
    forgotten: Any = ("unpaid", "unreminded", "last_issued_at")
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=forgotten))
    grant(app, member, amount)
    assert sum(one.paid_by_balance for one in invoices(app, member)) == min(amount, 84 * CENT)
    check_invariants(app)
