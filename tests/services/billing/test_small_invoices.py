"""Overdue invoices below the smallest charge get one reminder as soon as they reach it together."""

from typing import Any

import pytest

from tallybook.domain.accounts import Receivables
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.void_invoice import void_invoice
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import close, grant, invoices

CENT = 10_000


@pytest.fixture
def member(app: App) -> Member:
    """A member without a balance."""
    app.apply_catalog(welcome_credit=0)
    return app.member()


def owe(app: App, member: Member) -> Invoice:
    """Close a period with usage of 0.42."""
    app.record(app.event(member, quantity=30_000))
    issued = close(app, member)
    assert issued.total == 42 * CENT
    return issued


def pass_due_date(app: App, invoice: Invoice) -> list[Invoice]:
    assert invoice.due_date is not None
    app.clock.moment = invoice.due_date
    changed = app.invoice_due()
    check_invariants(app)
    return changed


def reminders(app: App) -> list[list[int]]:
    """The positions that each reminder names, oldest reminder first."""
    bodies = [item for item in app.stored("core", "OUTBOX") if item["body"].get("letter") == "invoice_overdue"]
    bodies.sort(key=lambda item: item["created_at"])
    return [[int(one) for one in (item["body"]["invoice"], *item["body"].get("others", ()))] for item in bodies]


def receivables(app: App, member: Member) -> Receivables:
    return app.account_of(member).receivables


def test_three_invoices_of_42_cents_get_one_reminder_at_the_second(app: App, member: Member) -> None:
    first = owe(app, member)
    pass_due_date(app, first)
    assert (reminders(app), receivables(app, member).unreminded) == ([], {1: 42 * CENT})
    second = owe(app, member)
    pass_due_date(app, second)
    assert (reminders(app), receivables(app, member).unreminded) == ([[1, 2]], {})
    pass_due_date(app, owe(app, member))
    assert (reminders(app), receivables(app, member).unreminded) == ([[1, 2]], {3: 42 * CENT})
    pass_due_date(app, owe(app, member))
    assert reminders(app) == [[1, 2], [3, 4]]
    subjects = [mail.subject for mail in app.deliver().mails if "overdue" in mail.subject]
    assert subjects == ["2 of your Tallybook invoices are overdue: 0.84 USD"] * 2


def test_a_small_invoice_joins_the_reminder_of_a_large_one(app: App, member: Member) -> None:
    pass_due_date(app, owe(app, member))
    app.record(app.event(member, quantity=1_000_000))
    pass_due_date(app, close(app, member))
    assert reminders(app) == [[1, 2]]


@pytest.mark.parametrize("settled", ["voided", "paid"])
def test_an_invoice_that_is_settled_is_in_no_reminder(app: App, member: Member, settled: str) -> None:
    first = owe(app, member)
    pass_due_date(app, first)
    if settled == "voided":
        void_invoice(app.ctx, first.id, reason="as asked")
    else:
        grant(app, member, 42 * CENT)
    check_invariants(app)
    assert receivables(app, member) == Receivables((), {}, first.issued_at)
    pass_due_date(app, owe(app, member))
    assert (reminders(app), list(receivables(app, member).unreminded)) == ([], [2])


def test_a_part_payment_lowers_what_a_reminder_waits_for(app: App, member: Member) -> None:
    pass_due_date(app, owe(app, member))
    grant(app, member, 35 * CENT)
    assert receivables(app, member).unreminded == {1: 7 * CENT}
    pass_due_date(app, owe(app, member))
    assert reminders(app) == []
    assert receivables(app, member).unreminded == {1: 7 * CENT, 2: 42 * CENT}


def test_a_reminder_leaves_out_what_was_paid_before_its_delivery(app: App, member: Member) -> None:
    pass_due_date(app, owe(app, member))
    pass_due_date(app, owe(app, member))
    grant(app, member, 42 * CENT)
    (mail,) = [mail for mail in app.deliver().mails if "overdue" in mail.subject]
    assert mail.subject == "Your Tallybook invoice no. 2 is overdue: 0.42 USD"


def test_small_invoices_of_an_older_release_are_reminded_of_together(app: App, member: Member) -> None:
    """Such an account has no list of its unpaid invoices; its invoices tell."""
    pass_due_date(app, owe(app, member))
    second = owe(app, member)
    forget_receivables(app, member)
    pass_due_date(app, second)
    assert reminders(app) == [[1, 2]]
    assert receivables(app, member) == Receivables((1, 2), {}, second.issued_at)


def forget_receivables(app: App, member: Member) -> None:
    """Store the account as the older release did."""
    forgotten: Any = ("unpaid", "unreminded", "last_issued_at")
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=forgotten))
    assert receivables(app, member) == Receivables(unpaid=None)
    assert len(invoices(app, member)) == 2
