"""The operator changes a plan without payment, also that of a suspended account, which owes no fee for that time."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import Forbidden, NotFound
from tallybook.services.accounts.suspension import NewStatus, set_account_status
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tallybook.services.subscriptions.preview import preview_plan
from tallybook.services.subscriptions.subscription import list_plan_changes
from tests.services.subscriptions.plan_changes import (
    DOLLAR,
    all_items,
    change_as_user,
    change_unpaid,
    invoices_of,
    lines_of,
    pro_member,
)
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def member(app: App) -> Member:
    """On a plan of 20.00 a month since 20 April, a month of 30 days."""
    return pro_member(app)


def set_status(app: App, member: Member, status: NewStatus) -> None:
    set_account_status(app.ctx, member.account.id, status, reason="as asked", actor=OPERATOR)


def principal(app: App, member: Member) -> Any:
    return authenticate(app.ctx, member.api_key)


def retire(app: App, member: Member, plan: str) -> ChangedPlan:
    account = app.account_of(member)
    return change_plan(app.ctx, account, plan, actor=OPERATOR, must_pay=False, reason="plan_retired")


@pytest.mark.parametrize(("change", "reason"), [(retire, "plan_retired"), (change_unpaid, "operator_change")])
def test_a_suspended_account_is_moved_and_owes_no_fee_until_resumed(
    app: App, member: Member, change: Callable[[App, Member, str], ChangedPlan], reason: str
) -> None:
    """6 of 30 days are used, then 3 suspended; of the new plan's 30 days, 12 are suspended."""
    app.clock.advance(days=6)
    set_status(app, member, "suspended")
    app.clock.advance(days=3)
    changed = change(app, member, "scale")
    assert (changed.account.status, changed.account.plan, changed.change.reason) == ("suspended", "scale", reason)
    assert app.account_of(member).status == "suspended"
    assert lines_of(changed.invoice) == [
        ("subscription", 20 * DOLLAR),
        ("credit", -14 * DOLLAR),
        ("credit", -2 * DOLLAR),
    ]
    assert changed.change.refund == 14 * DOLLAR
    app.clock.advance(days=12)
    set_status(app, member, "active")
    assert [one.reason for one in list_plan_changes(app.ctx, principal(app, member), offset=0, limit=9)] == [reason]
    app.clock.moment = changed.account.closing_cursor.period.end
    app.clock.advance(hours=1)
    app.invoice_due()
    assert lines_of(invoices_of(app, member)[-1]) == [("subscription", 200 * DOLLAR), ("credit", -80 * DOLLAR)]
    check_invariants(app)


def test_the_new_period_of_an_account_suspended_throughout_is_free(app: App, member: Member) -> None:
    set_status(app, member, "suspended")
    app.clock.advance(days=40)
    changed = retire(app, member, "scale")
    app.clock.moment = changed.account.closing_cursor.period.end
    app.clock.advance(hours=1)
    app.invoice_due()
    assert [one.total for one in invoices_of(app, member)] == [0, 0, 0]
    check_invariants(app)


def test_users_of_a_suspended_account_are_still_refused(app: App, member: Member) -> None:
    app.clock.advance(days=3)
    set_status(app, member, "suspended")
    root = principal(app, member)
    before = all_items(app)
    for call in (change_as_user, lambda *_: preview_plan(app.ctx, root, "hobby")):
        with pytest.raises(Forbidden) as refused:
            call(app, member, "hobby")
        assert refused.value.code == "account_suspended"
    assert all_items(app) == before


def test_the_operator_finds_no_deleted_account(app: App, member: Member) -> None:
    app.change_account(member, status="deleted")
    app.clock.advance(days=3)
    before = all_items(app)
    with pytest.raises(NotFound):
        retire(app, member, "hobby")
    assert all_items(app) == before


@pytest.mark.parametrize("now", ["suspended", "active"])
def test_a_change_of_status_during_the_operators_change_is_kept(app: App, member: Member, now: NewStatus) -> None:
    """The change is decided again for the new status."""
    app.clock.advance(days=3)
    if now == "active":
        set_status(app, member, "suspended")
    overtake(app, lambda: set_status(app, member, now))
    changed = retire(app, member, "hobby")
    account = app.account_of(member)
    assert (changed.account.status, account.status, account.plan) == (now, now, "hobby")
    check_invariants(app)


def test_a_suspension_during_a_users_change_refuses_it(app: App, member: Member) -> None:
    app.clock.advance(days=3)
    app.change_account(member, balance=99 * DOLLAR)
    overtake(app, lambda: set_status(app, member, "suspended"))
    with pytest.raises(Forbidden):
        change_as_user(app, member, "hobby")
    assert app.account_of(member).plan == "pro"


def overtake(app: App, call: Callable[[], Any]) -> None:
    """Make the call before the next query, after the account was read."""
    events, name = app.client.meta.events, "provide-client-params.dynamodb.Query"

    def run(**_: Any) -> None:
        events.unregister(name, run)
        call()

    events.register(name, run)
