"""A change of plan that is refused says why, and leaves everything as it was."""

from datetime import timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import (
    Forbidden,
    Invalid,
    NotFound,
    PaymentRequired,
)
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tests.services.plan_changes import DOLLAR, change, everything, on_pro
from tests.support.app import App, Member


@pytest.fixture
def member(app: App) -> Member:
    return on_pro(app)


@pytest.mark.parametrize(("plan", "code"), [("gold", "unknown_plan"), ("", "unknown_plan"), ("pro", "same_plan")])
def test_a_plan_that_is_not_sold_or_that_it_has_is_named(app: App, member: Member, plan: str, code: str) -> None:
    app.clock.advance(days=3)
    before = everything(app)
    with pytest.raises(Invalid) as refused:
        change(app, member, plan)
    assert (refused.value.code, refused.value.field) == (code, "plan_name")
    assert everything(app) == before


def test_a_suspended_account_changes_no_plan(app: App, member: Member) -> None:
    set_account_status(app.ctx, member.account.id, "suspended", reason="as asked", actor=OPERATOR)
    app.clock.advance(days=40)
    before = everything(app)
    with pytest.raises(Forbidden) as refused:
        change(app, member, "scale")
    assert refused.value.code == "account_suspended"
    assert everything(app) == before


@pytest.mark.parametrize("seen", ["before it was deleted", "after"])
def test_a_deleted_account_is_not_found_and_its_ended_periods_stay(app: App, member: Member, seen: str) -> None:
    account = member.account
    app.change_account(member, status="deleted")
    if seen == "after":
        account = app.account_of(member)
    app.clock.advance(days=40)
    before = everything(app)
    with pytest.raises(NotFound) as refused:
        change_plan(app.ctx, account, "scale", actor=OPERATOR, must_pay=False)
    assert refused.value.resource == "account"
    assert everything(app) == before


def paid_for(app: App, member: Member, plan: str) -> ChangedPlan:
    """Where it needs money first."""
    return change_plan(app.ctx, app.account_of(member), plan, actor=OPERATOR, must_pay=True)


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        ({"balance": 0}, "payment_required"),
        ({"balance": 20 * DOLLAR, "credited": 20 * DOLLAR}, "payment_required"),  # the ended month takes all of it
        ({"balance": 99 * DOLLAR, "credited": 99 * DOLLAR, "overdue": 1}, "invoice_overdue"),
    ],
    ids=["no money", "none that is left", "overdue"],
)
def test_what_is_refused_for_money_closes_no_period_that_has_ended(
    app: App, member: Member, standing: dict[str, int], code: str
) -> None:
    app.change_account(member, **standing)
    app.record(app.event(member, quantity=1_000))
    app.clock.moment = member.account.closing_cursor.period.end + timedelta(minutes=10)
    before = everything(app)
    with pytest.raises(PaymentRequired) as refused:
        paid_for(app, member, "scale")
    assert refused.value.code == code
    assert everything(app) == before


def test_money_that_the_ended_periods_leave_pays_for_a_plan(app: App, member: Member) -> None:
    app.change_account(member, balance=20 * DOLLAR + 1, credited=20 * DOLLAR + 1)
    app.clock.moment = member.account.closing_cursor.period.end + timedelta(minutes=10)
    assert paid_for(app, member, "scale").account.wallet.balance == 1
