"""A reissued invoice names the void one and is named by it; the plan history shows it; dates run with numbers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.plan_changes import PlanChange
from tallybook.services.billing.invoices import find_invoice, list_invoices
from tallybook.services.billing.void_invoice import reissue_invoice, void_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.subscriptions.preview import preview_plan
from tallybook.services.subscriptions.subscription import list_plan_changes
from tallybook.store import keys
from tallybook.store.commands import Update
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.invoices import close, invoices

DOLLAR = 1_000_000


@pytest.fixture
def member(app: App) -> Member:
    """A member on a plan of 20.00 a month, without a balance."""
    app.apply_catalog(free_plan="pro", welcome_credit=0)
    return app.member()


def listed(app: App, member: Member) -> list[tuple[str, str | None]]:
    """Each invoice in the list, with the id that it is replaced by."""
    return [(one.id, one.replaced_by) for one in invoices(app, member)]


def history(app: App, member: Member) -> list[PlanChange]:
    """The plan changes, newest first."""
    return list_plan_changes(app.ctx, authenticate(app.ctx, member.api_key), offset=0, limit=100)


def test_each_revision_names_the_one_before_and_after_it(app: App, member: Member) -> None:
    first = close(app, member)
    assert (first.replaces, first.replaced_by) == (None, None)
    void_invoice(app.ctx, first.id, reason="as asked")
    second = reissue_invoice(app.ctx, first.id)
    void_invoice(app.ctx, second.id, reason="as asked")
    third = reissue_invoice(app.ctx, second.id)
    found = [find_invoice(app.ctx, one.id) for one in (first, second, third)]
    assert [(one.revision, one.replaces, one.replaced_by) for one in found] == [
        (1, None, second.id),
        (2, first.id, third.id),
        (3, second.id, None),
    ]
    check_invariants(app)


def test_a_page_names_the_next_revision_of_each_reissued_invoice(app: App, member: Member) -> None:
    first, second, third = [close(app, member) for _ in range(3)]
    assert listed(app, member) == [(first.id, None), (second.id, None), (third.id, None)]
    for one in (first, second):
        void_invoice(app.ctx, one.id, reason="as asked")
    again = reissue_invoice(app.ctx, first.id)
    assert listed(app, member) == [(first.id, again.id), (second.id, None), (third.id, None), (again.id, None)]


def test_a_revision_on_another_page_is_named_too(app: App, member: Member) -> None:
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    again = reissue_invoice(app.ctx, first.id)
    (newest,) = list_invoices(app.ctx, app.account_of(member), offset=0, limit=1)
    (oldest,) = list_invoices(app.ctx, app.account_of(member), offset=1, limit=1)
    assert (newest.replaced_by, oldest.replaced_by) == (None, again.id)


def test_an_invoice_reissued_by_an_older_release_names_its_revision(app: App, member: Member) -> None:
    """Older releases stored nothing at the void invoice, and one stored the id of its revision."""
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    again = reissue_invoice(app.ctx, first.id)
    key = keys.invoice(member.account.id, first.position)
    assert "replaced_by" not in (app.ctx.tables.get(key) or {})
    assert find_invoice(app.ctx, first.id).replaced_by == again.id
    app.ctx.tables.write(Update(key, set={"replaced_by": again.id}))
    assert find_invoice(app.ctx, first.id).replaced_by == again.id
    assert listed(app, member) == [(first.id, again.id), (again.id, None)]


def test_voiding_a_reissued_invoice_again_returns_it_with_its_revision(app: App, member: Member) -> None:
    first = close(app, member)
    assert void_invoice(app.ctx, first.id, reason="as asked").replaced_by is None
    again = reissue_invoice(app.ctx, first.id)
    assert void_invoice(app.ctx, first.id, reason="as asked").replaced_by == again.id


def test_the_plan_history_shows_the_revision_that_stands(app: App, member: Member) -> None:
    """Half of a month of 20.00 is unused: 10.00, and 5.00 after a discount of 50 %."""
    period = member.account.closing_cursor.period
    app.clock.moment = period.start + (period.end - period.start) / 2
    ended = change_plan(app.ctx, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False).invoice
    app.clock.advance(days=1)
    change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    before = history(app, member)
    assert (before[1].invoice_id, before[1].refund) == (ended.id, 10 * DOLLAR)
    app.change_account(member, discount=Decimal(50))
    void_invoice(app.ctx, ended.id, reason="as asked")
    again = reissue_invoice(app.ctx, ended.id)
    after = history(app, member)
    assert (after[1].invoice_id, after[1].refund) == (again.id, 5 * DOLLAR)
    assert after[0] == before[0]
    check_invariants(app)


def test_a_reissue_of_a_whole_month_changes_no_plan_history(app: App, member: Member) -> None:
    whole = close(app, member)
    app.clock.advance(days=1)
    change_plan(app.ctx, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False)
    before = history(app, member)
    void_invoice(app.ctx, whole.id, reason="as asked")
    reissue_invoice(app.ctx, whole.id)
    assert history(app, member) == before
    check_invariants(app)


def test_an_invoice_is_not_dated_before_the_number_before_it(app: App, member: Member) -> None:
    """No. 2 is a reissue at 00:10; no. 3 is for a period that ended at 00:00 of the same day."""
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    end = app.account_of(member).closing_cursor.period.end
    app.clock.moment = end + timedelta(minutes=10)
    second = reissue_invoice(app.ctx, first.id)
    previewed = preview_plan(app.ctx, authenticate(app.ctx, member.api_key), "scale").invoice
    app.clock.moment = end + GRACE
    third = close(app, member)
    assert [(one.number, one.issued_at) for one in (second, third)] == [
        (2, end + timedelta(minutes=10)),
        (3, end + timedelta(minutes=10)),
    ]
    assert third.due_date == end + timedelta(days=7, minutes=10)
    assert previewed.issued_at == end + timedelta(minutes=10)
    check_invariants(app)


def test_several_ended_periods_are_dated_in_order_after_an_outage(app: App, member: Member) -> None:
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    end = app.account_of(member).closing_cursor.period.end
    app.clock.moment = end + timedelta(days=35)
    reissue_invoice(app.ctx, first.id)
    app.invoice_due()
    issued = [one for one in invoices(app, member) if one.number]
    assert [one.issued_at for one in issued][1:] == [end + timedelta(days=35)] * 3
    check_invariants(app)


def test_an_account_of_an_older_release_is_dated_after_its_last_invoice(app: App, member: Member) -> None:
    first = close(app, member)
    void_invoice(app.ctx, first.id, reason="as asked")
    end = app.account_of(member).closing_cursor.period.end
    app.clock.moment = end + timedelta(minutes=10)
    reissue_invoice(app.ctx, first.id)
    app.ctx.tables.write(Update(keys.account(member.account.id), remove=("unpaid", "last_issued_at")))
    assert close(app, member).issued_at == end + timedelta(minutes=10)
