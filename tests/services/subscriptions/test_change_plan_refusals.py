"""A refused plan change reports the reason and changes nothing."""

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
from tallybook.services.subscriptions.change_plan import change_plan
from tests.services.subscriptions.plan_changes import DOLLAR, all_items, change_as_user, change_unpaid, pro_member
from tests.support.app import App, Member


@pytest.fixture
def member(app: App) -> Member:
    return pro_member(app)


@pytest.mark.parametrize(("plan", "code"), [("gold", "unknown_plan"), ("", "unknown_plan"), ("pro", "same_plan")])
def test_an_unknown_or_the_present_plan_is_refused(app: App, member: Member, plan: str, code: str) -> None:
    app.clock.advance(days=3)
    before = all_items(app)
    with pytest.raises(Invalid) as refused:
        change_unpaid(app, member, plan)
    assert (refused.value.code, refused.value.field) == (code, "plan_name")
    assert all_items(app) == before


def test_a_suspended_accounts_user_can_not_change_its_plan(app: App, member: Member) -> None:
    set_account_status(app.ctx, member.account.id, "suspended", reason="as asked", actor=OPERATOR)
    app.clock.advance(days=40)
    before = all_items(app)
    with pytest.raises(Forbidden) as refused:
        change_as_user(app, member, "scale")
    assert refused.value.code == "account_suspended"
    assert all_items(app) == before


@pytest.mark.parametrize("seen", ["before it was deleted", "after"])
def test_a_deleted_account_is_not_found_and_its_periods_stay_open(app: App, member: Member, seen: str) -> None:
    account = member.account
    app.change_account(member, status="deleted")
    if seen == "after":
        account = app.account_of(member)
    app.clock.advance(days=40)
    before = all_items(app)
    with pytest.raises(NotFound) as refused:
        change_plan(app.ctx, account, "scale", actor=OPERATOR, must_pay=False)
    assert refused.value.resource == "account"
    assert all_items(app) == before


@pytest.mark.parametrize(
    ("wallet", "code"),
    [
        ({"balance": 0}, "payment_required"),
        ({"balance": 20 * DOLLAR}, "payment_required"),  # the ended month uses all of it
        ({"balance": 99 * DOLLAR, "overdue": 1}, "invoice_overdue"),
    ],
    ids=["no money", "no money left after the ended month", "overdue"],
)
def test_a_change_refused_for_money_closes_no_ended_period(
    app: App, member: Member, wallet: dict[str, int], code: str
) -> None:
    app.change_account(member, **wallet)
    app.record(app.event(member, quantity=1_000))
    app.clock.moment = member.account.closing_cursor.period.end + timedelta(minutes=10)
    before = all_items(app)
    with pytest.raises(PaymentRequired) as refused:
        change_as_user(app, member, "scale")
    assert refused.value.code == code
    assert all_items(app) == before


def test_money_left_after_closing_ended_periods_allows_a_change(app: App, member: Member) -> None:
    app.change_account(member, balance=20 * DOLLAR + 1)
    app.clock.moment = member.account.closing_cursor.period.end + timedelta(minutes=10)
    assert change_as_user(app, member, "scale").account.wallet.balance == 1
