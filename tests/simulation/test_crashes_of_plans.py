"""A crash at any external call of a plan change leaves the whole old or the whole new plan."""

from datetime import timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import Invalid
from tallybook.domain.plan_changes import PlanChange
from tallybook.domain.times import stamp
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.services.subscriptions.subscription import change_subscription, list_plan_changes, read_subscription
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.conftest import Sweep
from tests.simulation.invoicing_crashes import (
    draft,
    end_period,
    subscriber,
    subscriber_with_late_usage,
    sweep_and_compare,
)
from tests.support.app import App, Member

LIMITED = {"cpu_seconds_monthly": 2_000_000}


def to_hobby(app: App, member: Member) -> PlanChange:
    """Change the plan as a retrying client does, who accepts that it is changed already."""
    principal = authenticate(app.ctx, member.api_key)
    if principal.account.plan != "hobby":
        return change_subscription(app.ctx, principal, "hobby")[1]
    with pytest.raises(Invalid, match="the plan that the account is on"):
        change_subscription(app.ctx, principal, "hobby")
    (change,) = list_plan_changes(app.ctx, principal, offset=0, limit=9)
    return change


def in_the_middle(app: App) -> Member:
    """A member with usage, late usage, a draft and a balance, 10 of 30 days into the period."""
    member = subscriber(app)
    end_period(app, member)
    app.invoice_due()
    late = app.event(member, quantity=500_000, time=app.clock.now() - timedelta(hours=1))
    app.record(late, app.event(member, quantity=2_000_000))
    give_credits(app.ctx, app.platform(), Move(member.account.id, 3_000_000, "grant", "order 7"))
    app.clock.moment = app.account_of(member).closing_cursor.period.start + timedelta(days=10)
    draft(app, member)
    return member


def test_changing_a_plan_in_the_middle_of_a_period(sweep: Sweep) -> None:
    calls, change = sweep_and_compare(sweep, in_the_middle, to_hobby)
    assert (change.refund, change.number, change.new_plan) == (13_550_000, 1, "hobby")  # 21 of 31 days of 20.00
    # the caller, the catalog, usage and late usage, existing items, the transaction
    assert calls == 6


def test_changing_a_plan_after_a_period_that_is_not_closed(sweep: Sweep) -> None:
    """The ended period is closed at its own end, in its own transaction, independent of the change."""
    calls, change = sweep_and_compare(sweep, subscriber_with_late_usage, to_hobby)
    assert change.changed_at - change.old_period.start == timedelta(minutes=30)
    # the caller and the key's use; the catalog; 3 to compute both periods with the late usage, before
    # anything is written; 5 for the closing; 4 for the change
    assert calls == 15


def test_a_plan_change_at_the_instant_the_next_period_was_opened(sweep: Sweep) -> None:
    def prepare(app: App) -> Member:
        member = subscriber(app)
        app.clock.moment = member.account.closing_cursor.period.end
        read_subscription(app.ctx, app.account_of(member))
        app.record(app.event(member, quantity=1_000))
        draft(app, member)
        return member

    calls, change = sweep_and_compare(sweep, prepare, to_hobby)
    assert (change.refund, change.old_period.end) == (0, change.new_period.start)
    assert calls == 5


def test_a_change_that_carries_use_and_ends_a_year(sweep: Sweep) -> None:
    """A yearly plan of 365.00 with a limit of 2,000,000 CPU seconds, all of them used in the first ten days."""

    def prepare(app: App) -> Member:
        plans = app.catalog_data()["plans"]
        annual = plans["pro"] | {"billing_interval": "year", "price": "365", "limits": plans["pro"]["limits"] | LIMITED}
        app.apply_catalog(plans=plans | {"annual": annual}, free_plan="annual")
        member = app.member()
        app.clock.moment = member.account.closing_cursor.period.start + timedelta(days=10)
        app.apply_catalog(plans=plans | {"annual": annual | {"price": "999"}}, free_plan="annual")
        app.record(app.event(member, quantity=2_000_000))
        return member

    calls, change = sweep_and_compare(sweep, prepare, to_hobby)
    assert (change.refund, change.old_price) == (355_000_000, 365_000_000)
    # the caller and the key's use, both catalogs, usage, existing items, the transaction
    assert calls == 7


def test_late_usage_of_a_period_that_a_change_ended(sweep: Sweep) -> None:
    def prepare(app: App) -> tuple[Member, dict[str, object]]:
        plans = app.catalog_data()["plans"]
        app.apply_catalog(plans=plans | {"pro": plans["pro"] | {"limits": plans["pro"]["limits"] | LIMITED}})
        member = app.member()
        give_credits(app.ctx, app.platform(), Move(member.account.id, 3_000_000, "grant", "order 7"))
        for plan in ("pro", "hobby"):
            app.clock.advance(days=1)
            late = app.event(member, quantity=500_000)
            change_subscription(app.ctx, authenticate(app.ctx, member.api_key), plan)
        return member, late | {"time": stamp(app.clock.now() - timedelta(hours=1))}

    def record(app: App, prepared: tuple[Member, dict[str, object]]) -> None:
        assert {result.status for result in app.record(prepared[1])} <= {"accepted", "duplicate"}

    # the account, its periods, the catalog of the ended one, the transaction
    assert sweep_and_compare(sweep, prepare, record)[0] == 4


def test_the_operator_moves_a_suspended_account_off_a_plan(sweep: Sweep) -> None:
    def prepare(app: App) -> Member:
        member = in_the_middle(app)
        set_account_status(app.ctx, member.account.id, "suspended", reason="as asked", actor=OPERATOR)
        app.clock.advance(days=1)
        return member

    def move(app: App, member: Member) -> None:
        account = app.account_of(member)
        if account.plan == "pro":
            change_plan(app.ctx, account, "hobby", actor=OPERATOR, must_pay=False, reason="plan_retired")

    assert sweep_and_compare(sweep, prepare, move)[0] == 6
