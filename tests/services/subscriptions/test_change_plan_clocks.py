"""A plan is changed once, and nothing is lost where others change it too or clocks are apart."""

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
from tests.services.plan_changes import DOLLAR, change, everything, invoices, on_pro
from tests.support.app import App, Member
from tests.support.clock import StillClock
from tests.support.invariants import check_invariants

APART = timedelta(milliseconds=20)


class Ticking(StillClock):
    """A clock that moves by 3 ms with each reading."""

    def now(self) -> datetime:
        self.advance(milliseconds=3)
        return self.moment


@pytest.fixture
def member(app: App) -> Member:
    return on_pro(app)


def test_a_second_change_by_a_clock_that_is_behind_waits_for_the_firsts_instant(app: App, member: Member) -> None:
    app.clock.advance(days=3)
    change(app, member, "scale")
    before = everything(app)
    for behind in (40, 0):
        app.clock.moment -= timedelta(milliseconds=behind)
        with pytest.raises(Conflict) as refused:
            change(app, member, "hobby")
        assert refused.value.code == "plan_change_in_progress"
        assert everything(app) == before
        check_invariants(app)
        app.clock.moment += timedelta(milliseconds=behind)
    app.clock.advance(milliseconds=1)
    assert change(app, member, "hobby").account.plan == "hobby"
    check_invariants(app)


@pytest.mark.parametrize("earlier", [0, 5])
def test_a_change_that_another_overtakes_after_the_account_was_read_is_refused(
    app: App, member: Member, earlier: int
) -> None:
    app.clock.advance(days=3)
    events, name = app.client.meta.events, "provide-client-params.dynamodb.Query"
    other = replace(app.ctx, clock=StillClock(app.clock.now() - timedelta(milliseconds=earlier)))

    def overtake(**_: Any) -> None:
        events.unregister(name, overtake)
        change_plan(other, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False)

    events.register(name, overtake)
    with pytest.raises(Conflict) as refused:
        change(app, member, "scale")
    assert refused.value.code == "plan_change_in_progress"
    assert app.account_of(member).plan == "hobby"
    check_invariants(app)


@pytest.mark.parametrize("when", ["Query", "TransactWriteItems"])
@pytest.mark.parametrize("overtaken", [False, True], ids=["at the first try", "and again"])
def test_the_price_on_record_is_the_one_of_the_catalog_that_the_new_period_pins(
    app: App, member: Member, when: str, overtaken: bool
) -> None:
    """The operator applies another one while the change is made, in which the dearer plan has become the cheaper."""
    app.clock.advance(days=3)
    events, name = app.client.meta.events, f"provide-client-params.dynamodb.{when}"
    plans = app.catalog_data()["plans"]
    cheaper = plans | {"scale": plans["scale"] | {"price": "5.00"}}

    def apply(**_: Any) -> None:
        events.unregister(name, apply)
        app.apply_catalog(free_plan="pro", welcome_credit=0, plans=cheaper)
        if overtaken:
            set_terms(app.ctx, member.account.id, {"tax_rate": Decimal(0)}, actor=OPERATOR)

    events.register(name, apply)
    changed = change(app, member, "scale")
    pinned = app.ctx.catalogs.version(changed.opened.catalog_version).plans["scale"]
    assert changed.change.new_price == pinned.price == (5 * DOLLAR if overtaken else 200 * DOLLAR)
    assert changed.change.reason == ("user_downgrade" if overtaken else "user_upgrade")
    (period_key,) = [
        item for item in app.stored("usage") if item.get("start") == stamp(changed.account.closing_cursor.period.start)
    ]
    assert period_key["catalog_version"] == changed.opened.catalog_version
    check_invariants(app)


@pytest.fixture
def counted_ahead(app: App, member: Member) -> Member:
    """14.00 of usage, and 7.00 more that a clock ahead has counted in the next period, which has not begun here."""
    end = member.account.closing_cursor.period.end
    app.record(app.event(member, quantity=1_000_000))
    app.clock.moment = end + APART
    assert [result.status for result in app.record(app.event(member, quantity=500_000))] == ["accepted"]
    app.clock.moment = end - APART
    return member


def used_once(app: App, member: Member) -> None:
    """All that was used is billed once, when the period after the change has closed."""
    check_invariants(app)
    for _ in range(2):
        app.clock.moment = app.account_of(member).closing_cursor.period.end + GRACE
        app.invoice_due()
        check_invariants(app)
    assert sum(one.sum_of("usage", "late_usage") for one in invoices(app, member)) == 21 * DOLLAR


def test_a_change_before_the_end_keeps_usage_of_a_clock_that_is_ahead(app: App, counted_ahead: Member) -> None:
    before = everything(app)
    with pytest.raises(Unavailable):
        change(app, counted_ahead, "scale")
    assert everything(app) == before
    app.clock.moment = counted_ahead.account.closing_cursor.period.end + 2 * APART
    assert change(app, counted_ahead, "scale").invoice.period.start == counted_ahead.account.closing_cursor.period.end
    used_once(app, counted_ahead)


def test_a_change_that_meets_the_next_period_opened_ahead_waits_for_it_to_begin(
    app: App, counted_ahead: Member
) -> None:
    end = counted_ahead.account.closing_cursor.period.end
    ticking = replace(app.ctx, clock=Ticking(end - APART))
    changed = change_plan(ticking, app.account_of(counted_ahead), "scale", actor=OPERATOR, must_pay=False)
    ended, cut = invoices(app, counted_ahead)
    assert (ended.period.end, ended.sum_of("usage"), ended.sum_of("credit")) == (end, 14 * DOLLAR, 0)
    assert (cut, cut.sum_of("usage")) == (changed.invoice, 7 * DOLLAR)
    assert cut.period.end - end < 2 * APART
    app.clock.moment = cut.period.end
    used_once(app, counted_ahead)
