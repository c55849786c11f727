"""Each hour the periods that have ended are closed, and invoices past their due date are overdue: once each."""

from datetime import UTC, datetime

from invoicing.app import handler
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.invoices import list_invoices
from tests.functions.queued_work import QueuedWork
from tests.support.app import App, Member
from tests.support.fake_aws import FakeAws
from tests.support.invariants import check_invariants

JOB = QueuedWork("invoicing", handler)
HOUR_AFTER_THE_END = datetime(2026, 5, 20, 1, tzinfo=UTC)


def invoices(app: App, member: Member) -> list[Invoice]:
    return list_invoices(app.ctx, app.account_of(member), offset=0, limit=100)


def spent(app: App, quantity: int = 1_000_000) -> Member:
    """An account with usage that its balance does not pay."""
    member = app.member()
    app.record(app.event(member, quantity=quantity))
    return member


def test_a_period_is_closed_by_the_hour_after_its_end(app: App, post: FakeAws) -> None:
    member = spent(app)
    assert JOB.tick() == {}
    app.clock.moment = HOUR_AFTER_THE_END
    assert JOB.tick() == {"close": 1}
    assert (len(post.messages), invoices(app, member)) == (1, [])
    assert JOB.work_off(post) == []
    [invoice] = invoices(app, member)
    assert (invoice.number, invoice.status, invoice.total) == (1, "open", 14_000_000)
    assert JOB.tick() == {}
    check_invariants(app)


def test_an_invoice_past_its_due_date_is_overdue(app: App, post: FakeAws) -> None:
    member = spent(app)
    app.clock.moment = HOUR_AFTER_THE_END
    JOB.tick()
    JOB.work_off(post)
    app.clock.advance(days=7)
    assert JOB.tick() == {"overdue": 1}
    assert JOB.work_off(post) == []
    assert [invoice.status for invoice in invoices(app, member)] == ["overdue"]
    assert JOB.tick() == {}
    check_invariants(app)


def test_what_is_enqueued_twice_is_done_once(app: App, post: FakeAws) -> None:
    member = spent(app)
    app.clock.moment = HOUR_AFTER_THE_END
    assert JOB.tick() == JOB.tick() == {"close": 1}
    assert len(post.messages) == 2
    assert JOB.work_off(post) == []
    assert len(invoices(app, member)) == 1
    check_invariants(app)


def test_months_that_were_missed_are_closed_in_order_by_one_message(app: App, post: FakeAws) -> None:
    member = app.member()
    app.clock.advance(days=100)
    assert JOB.tick() == {"close": 1, "late": 1}
    assert JOB.work_off(post) == []
    newest_first = invoices(app, member)
    assert [invoice.number for invoice in newest_first] == [3, 2, 1]
    starts = [invoice.period.start for invoice in newest_first]
    assert starts == sorted(starts, reverse=True)
    check_invariants(app)
