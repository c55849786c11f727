"""Plan changes that happen at once, or with clocks that differ, apply once and lose no usage."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.errors import (
    Conflict,
    Unavailable,
)
from tallybook.domain.times import stamp
from tallybook.services.accounts.billing_settings import set_terms
from tallybook.services.subscriptions.change_plan import change_plan
from tests.services.subscriptions.plan_changes import DOLLAR, ROOT, all_items, change_unpaid, invoices_of, pro_member
from tests.support.app import App, Member
from tests.support.clock import StillClock
from tests.support.invariants import check_invariants

APART = timedelta(milliseconds=20)


class TickingClock(StillClock):
    """A clock that advances by 3 ms at each reading."""

    def now(self) -> datetime:
        self.advance(milliseconds=3)
        return self.moment


@pytest.fixture
def member(app: App) -> Member:
    return pro_member(app)


def test_a_second_change_by_a_slow_clock_waits_for_the_first(app: App, member: Member) -> None:
    app.clock.advance(days=3)
    change_unpaid(app, member, "scale")
    before = all_items(app)
    for behind in (40, 0):
        app.clock.moment -= timedelta(milliseconds=behind)
        with pytest.raises(Conflict) as refused:
            change_unpaid(app, member, "hobby")
        assert refused.value.code == "plan_change_in_progress"
        assert all_items(app) == before
        check_invariants(app)
        app.clock.moment += timedelta(milliseconds=behind)
    app.clock.advance(milliseconds=1)
    assert change_unpaid(app, member, "hobby").account.plan == "hobby"
    check_invariants(app)


@pytest.mark.parametrize("earlier", [0, 5])
def test_a_change_of_an_account_changed_since_its_read_is_refused(app: App, member: Member, earlier: int) -> None:
    app.clock.advance(days=3)
    events, name = app.client.meta.events, "provide-client-params.dynamodb.Query"
    other = replace(app.ctx, clock=StillClock(app.clock.now() - timedelta(milliseconds=earlier)))

    def overtake(**_: Any) -> None:
        events.unregister(name, overtake)
        change_plan(other, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False)

    events.register(name, overtake)
    with pytest.raises(Conflict) as refused:
        change_unpaid(app, member, "scale")
    assert refused.value.code == "plan_change_in_progress"
    assert app.account_of(member).plan == "hobby"
    check_invariants(app)


@pytest.mark.parametrize("when", ["Query", "TransactWriteItems"])
@pytest.mark.parametrize("changed_first", [False, True], ids=["on the first try", "on a retry"])
def test_the_recorded_price_is_of_the_catalog_that_the_period_pins(
    app: App, member: Member, when: str, changed_first: bool
) -> None:
    """During the change the operator applies a catalog in which the dearer plan is the cheaper one."""
    app.clock.advance(days=3)
    events, name = app.client.meta.events, f"provide-client-params.dynamodb.{when}"
    plans = app.catalog_data()["plans"]
    cheaper = plans | {"scale": plans["scale"] | {"price": "5.00"}}

    def apply(**_: Any) -> None:
        events.unregister(name, apply)
        app.apply_catalog(free_plan="pro", welcome_credit=0, plans=cheaper)
        if changed_first:
            set_terms(app.ctx, member.account.id, {"tax_rate": Decimal(0)}, actor=OPERATOR)

    events.register(name, apply)
    changed = change_plan(app.ctx, app.account_of(member), "scale", actor=ROOT, must_pay=False)
    pinned = app.ctx.catalogs.version(changed.opened.catalog_version).plans["scale"]
    assert changed.change.new_price == pinned.price == (5 * DOLLAR if changed_first else 200 * DOLLAR)
    assert changed.change.reason == ("user_downgrade" if changed_first else "user_upgrade")
    (period_key,) = [
        item for item in app.stored("usage") if item.get("start") == stamp(changed.account.closing_cursor.period.start)
    ]
    assert period_key["catalog_version"] == changed.opened.catalog_version
    check_invariants(app)


@pytest.fixture
def ahead_member(app: App, member: Member) -> Member:
    """A member that used 14.00, and 7.00 more by a clock ahead, counted in a period that has not begun here."""
    end = member.account.closing_cursor.period.end
    app.record(app.event(member, quantity=1_000_000))
    app.clock.moment = end + APART
    assert [result.status for result in app.record(app.event(member, quantity=500_000))] == ["accepted"]
    app.clock.moment = end - APART
    return member


def check_billed_once(app: App, member: Member) -> None:
    """Close the period after the change, and check that all usage is billed once."""
    check_invariants(app)
    for _ in range(2):
        app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
        app.invoice_due()
        check_invariants(app)
    assert sum(one.sum_of("usage", "late_usage") for one in invoices_of(app, member)) == 21 * DOLLAR


def test_a_change_before_the_end_keeps_usage_counted_by_a_fast_clock(app: App, ahead_member: Member) -> None:
    before = all_items(app)
    with pytest.raises(Unavailable):
        change_unpaid(app, ahead_member, "scale")
    assert all_items(app) == before
    app.clock.moment = ahead_member.account.closing_cursor.period.end + 2 * APART
    assert (
        change_unpaid(app, ahead_member, "scale").invoice.period.start == ahead_member.account.closing_cursor.period.end
    )
    check_billed_once(app, ahead_member)


def test_a_change_waits_for_a_period_that_a_fast_clock_opened(app: App, ahead_member: Member) -> None:
    end = ahead_member.account.closing_cursor.period.end
    ticking = replace(app.ctx, clock=TickingClock(end - APART))
    changed = change_plan(ticking, app.account_of(ahead_member), "scale", actor=OPERATOR, must_pay=False)
    ended, cut = invoices_of(app, ahead_member)
    assert (ended.period.end, ended.sum_of("usage"), ended.sum_of("credit")) == (end, 14 * DOLLAR, 0)
    assert (cut, cut.sum_of("usage")) == (changed.invoice, 7 * DOLLAR)
    assert cut.period.end - end < 2 * APART
    app.clock.moment = cut.period.end
    check_billed_once(app, ahead_member)
