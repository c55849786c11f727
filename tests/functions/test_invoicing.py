"""The hourly job closes each ended period once and marks each invoice past its due date overdue once."""

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


def member_with_usage(app: App, quantity: int = 1_000_000) -> Member:
    """An account with usage that its balance doesn't cover."""
    member = app.member()
    app.record(app.event(member, quantity=quantity))
    return member


def test_a_period_is_closed_by_the_hour_after_its_end(app: App, fake_aws: FakeAws) -> None:
    member = member_with_usage(app)
    assert JOB.tick() == {}
    app.clock.moment = HOUR_AFTER_THE_END
    assert JOB.tick() == {"close": 1}
    assert (len(fake_aws.messages), invoices(app, member)) == (1, [])
    assert JOB.work_off(fake_aws) == []
    [invoice] = invoices(app, member)
    assert (invoice.number, invoice.status, invoice.total) == (1, "open", 14_000_000)
    assert JOB.tick() == {}
    check_invariants(app)


def test_an_invoice_past_its_due_date_is_overdue(app: App, fake_aws: FakeAws) -> None:
    member = member_with_usage(app)
    app.clock.moment = HOUR_AFTER_THE_END
    JOB.tick()
    JOB.work_off(fake_aws)
    app.clock.advance(days=7)
    assert JOB.tick() == {"overdue": 1}
    assert JOB.work_off(fake_aws) == []
    assert [invoice.status for invoice in invoices(app, member)] == ["overdue"]
    assert JOB.tick() == {}
    check_invariants(app)


def test_a_task_enqueued_twice_runs_once(app: App, fake_aws: FakeAws) -> None:
    member = member_with_usage(app)
    app.clock.moment = HOUR_AFTER_THE_END
    assert JOB.tick() == JOB.tick() == {"close": 1}
    assert len(fake_aws.messages) == 2
    assert JOB.work_off(fake_aws) == []
    assert len(invoices(app, member)) == 1
    check_invariants(app)


def test_months_that_were_missed_are_closed_in_order_by_one_message(app: App, fake_aws: FakeAws) -> None:
    member = app.member()
    app.clock.advance(days=100)
    assert JOB.tick() == {"close": 1, "late": 1, "not_issued": 1}
    assert JOB.work_off(fake_aws) == []
    newest_first = invoices(app, member)
    assert [invoice.number for invoice in newest_first] == [3, 2, 1]
    starts = [invoice.period.start for invoice in newest_first]
    assert starts == sorted(starts, reverse=True)
    check_invariants(app)
