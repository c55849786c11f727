"""Usage history counts each period once, even one that closes during the read."""

from datetime import timedelta

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.history import range_of
from tallybook.services.billing.history import read_history
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.app import App

DOLLAR = 1_000_000


def test_a_period_that_closes_after_the_account_was_read_is_counted_once(app: App) -> None:
    member = app.member()
    app.record(app.event(member, quantity=1_000_000))
    read_before = app.account_of(member)
    start = app.clock.now()
    app.clock.moment = read_before.closing_cursor.period.end + GRACE
    app.record(app.event(member, quantity=500_000))
    days = range_of(start, app.clock.now(), now=app.clock.now())
    assert read_history(app.ctx, read_before, days).total == 21 * DOLLAR
    app.invoice_due()
    late = read_history(app.ctx, read_before, days)
    assert late == read_history(app.ctx, app.account_of(member), days)
    assert (late.total, dict(late.daily_costs)["2026-04-20"]) == (21 * DOLLAR, 14 * DOLLAR)


def test_a_period_ended_after_the_account_was_read_is_counted_once(app: App) -> None:
    member = app.member()
    start = app.clock.now()
    app.record(app.event(member, quantity=1_000_000))
    app.clock.advance(days=3)
    read_before = app.account_of(member)
    change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    app.clock.advance(seconds=1)
    days = range_of(start, app.clock.now() + timedelta(days=1), now=app.clock.now())
    assert read_history(app.ctx, read_before, days).total == 14 * DOLLAR
