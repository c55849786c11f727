"""One invoice has the late usage of up to as many periods as plan changes can close, in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.invoices import Invoice
from tallybook.domain.plan_changes import MAX_CHANGES
from tallybook.services.billing.bill_period import MAX_LATE
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.billing.void_invoice import void_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.store.periods import period_key, read_billing_period
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import invoices

DOLLAR = 1_000_000


def change_plan_often(app: App, member: Member, times: int) -> list[datetime]:
    """Change the plan `times` times, two hours apart, and return an instant in each ended period."""
    inside: list[datetime] = []
    for number in range(times):
        app.clock.advance(hours=1)
        inside.append(app.clock.now())
        app.clock.advance(hours=1)
        change_plan(app.ctx, app.account_of(member), ["pro", "hobby"][number % 2], actor=OPERATOR, must_pay=False)
    return inside


def record_late(app: App, member: Member, instants: list[datetime]) -> None:
    """Record 7.00 of late usage in each period."""
    results = app.record(*[app.event(member, quantity=500_000, time=instant) for instant in instants])
    assert {result.status for result in results} == {"accepted"}


def close(app: App, member: Member) -> Invoice:
    app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
    (issued,) = [one for one in app.invoice_due() if one.status != "overdue"]
    check_invariants(app)
    return issued


def late_starts(invoice: Invoice) -> list[datetime]:
    return [line.period_start for line in invoice.lines if line.period_start is not None]


@pytest.fixture
def member(app: App) -> Member:
    app.apply_catalog(welcome_credit=0)
    return app.member()


@contextmanager
def count_actions(client: Any) -> Iterator[list[int]]:
    """The number of actions in each transaction."""
    counts: list[int] = []

    def count(params: dict[str, Any], **_: Any) -> None:
        counts.append(len(params["TransactItems"]))

    event = "provide-client-params.dynamodb.TransactWriteItems"
    client.meta.events.register(event, count)
    try:
        yield counts
    finally:
        client.meta.events.unregister(event, count)


@pytest.mark.parametrize("drafted", [False, True])
def test_the_largest_closing_fits_one_transaction(app: App, drafted: bool) -> None:
    """A period of eight shards, paid from the balance, ended by a plan change; the limit is 100 actions."""
    app.apply_catalog(welcome_credit=10_000 * DOLLAR)
    member = app.member()
    app.reshape(usage_shards=8)
    inside = change_plan_often(app, member, MAX_CHANGES - 1)
    app.clock.advance(hours=1)
    record_late(app, member, inside)
    app.record(app.event(member, quantity=1_000_000))
    if drafted:
        draft_invoice(app.ctx, authenticate(app.ctx, member.api_key))
    with count_actions(app.client) as counts:
        changed = change_plan_soon(app, member, "hobby")
    assert len(late_starts(changed)) == MAX_CHANGES - 1
    assert MAX_CHANGES + 8 < max(counts) <= 100
    assert late_starts(close(app, member)) == []


def test_more_periods_than_one_invoice_bills_again_are_left_to_the_next(app: App) -> None:
    """Void invoices are billed again, because they may leave a credit that nobody owed."""
    app.apply_catalog(welcome_credit=0)
    member = app.member()
    for _ in range(MAX_LATE + 2):
        app.record(app.event(member, quantity=50_000))
        close(app, member)
    for invoice in invoices(app, member):
        void_invoice(app.ctx, invoice.id, reason="as asked")
    check_invariants(app)
    assert waiting(app, member) == MAX_LATE + 2
    app.clock.moment = app.account_of(member).closing_cursor.period.end + timedelta(minutes=1)
    app.record(app.event(member, quantity=1))
    close(app, member)
    assert waiting(app, member) == 2
    close(app, member)
    assert waiting(app, member) == 0


def waiting(app: App, member: Member) -> int:
    """How many closed periods the next invoice bills again."""
    account = app.account_of(member)
    item = app.ctx.tables.get(period_key(account.id, account.closing_cursor.period))
    assert item is not None
    return len(read_billing_period(item).late | account.corrections.keys())


def change_plan_soon(app: App, member: Member, plan: str) -> Invoice:
    app.clock.advance(hours=1)
    return change_plan(app.ctx, app.account_of(member), plan, actor=OPERATOR, must_pay=False).invoice
