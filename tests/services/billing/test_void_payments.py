"""A void invoice leaves the balance to the others, also if it was due to pay them."""

import pytest

from tallybook.services.billing.pay_unpaid import MAX_PAYMENTS
from tallybook.services.billing.void_invoice import void_invoice
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import close, grant, invoices

DOLLAR = 1_000_000


@pytest.fixture
def member(app: App) -> Member:
    plans = app.catalog_data()["plans"]
    app.apply_catalog(welcome_credit=0, plans=plans | {"hobby": plans["hobby"] | {"price": "0.42"}})
    return app.member()


def test_a_void_of_the_invoice_with_the_task_pays_the_next_one(app: App, member: Member) -> None:
    for _ in range(MAX_PAYMENTS + 2):
        close(app, member)
    grant(app, member, 50 * DOLLAR)
    assert [one.status for one in invoices(app, member)[MAX_PAYMENTS:]] == ["overdue", "open"]
    void_invoice(app.ctx, invoices(app, member)[MAX_PAYMENTS].id, reason="test")
    assert [one.status for one in invoices(app, member)[MAX_PAYMENTS:]] == ["void", "paid"]
    check_invariants(app)


def test_a_void_pays_the_others_from_a_balance_that_an_older_release_left(app: App, member: Member) -> None:
    for _ in range(3):
        close(app, member)
    grant(app, member, DOLLAR // 100)
    stored = {"unpaid", "unreminded", "last_issued_at"}
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=tuple(stored), set={"balance": 50 * DOLLAR}))
    void_invoice(app.ctx, invoices(app, member)[0].id, reason="test")
    assert [one.status for one in invoices(app, member)] == ["void", "paid", "paid"]
