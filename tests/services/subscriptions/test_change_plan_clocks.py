"""A plan is changed once, and nothing is lost where others change it too or clocks are apart."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.cycle import GRACE
from tallybook.domain.errors import (
    Conflict,
    Unavailable,
)
from tallybook.domain.times import stamp
from tallybook.services.accounts.billing_settings import set_terms
from tallybook.services.subscriptions.change_plan import change_plan
from tests.services.plan_changes import DOLLAR, change, everything, invoices, on_pro
from tests.support.clock import StillClock
from tests.support.house import House, Member
from tests.support.invariants import check_invariants

APART = timedelta(milliseconds=20)


class Ticking(StillClock):
    """A clock that moves by 3 ms with each reading."""

    def now(self) -> datetime:
        self.advance(milliseconds=3)
        return self.moment


@pytest.fixture
def member(house: House) -> Member:
    return on_pro(house)


def test_a_second_change_by_a_clock_that_is_behind_waits_for_the_firsts_instant(house: House, member: Member) -> None:
    house.clock.advance(days=3)
    change(house, member, "scale")
    before = everything(house)
    for behind in (40, 0):
        house.clock.moment -= timedelta(milliseconds=behind)
        with pytest.raises(Conflict) as refused:
            change(house, member, "hobby")
        assert refused.value.code == "plan_change_in_progress"
        assert everything(house) == before
        check_invariants(house)
        house.clock.moment += timedelta(milliseconds=behind)
    house.clock.advance(milliseconds=1)
    assert change(house, member, "hobby").account.plan == "hobby"
    check_invariants(house)


@pytest.mark.parametrize("earlier", [0, 5])
def test_a_change_that_another_overtakes_after_the_account_was_read_is_refused(
    house: House, member: Member, earlier: int
) -> None:
    house.clock.advance(days=3)
    events, name = house.client.meta.events, "provide-client-params.dynamodb.Query"
    other = replace(house.ctx, clock=StillClock(house.clock.now() - timedelta(milliseconds=earlier)))

    def overtake(**_: Any) -> None:
        events.unregister(name, overtake)
        change_plan(other, house.account_of(member), "hobby", actor=OPERATOR, must_pay=False)

    events.register(name, overtake)
    with pytest.raises(Conflict) as refused:
        change(house, member, "scale")
    assert refused.value.code == "plan_change_in_progress"
    assert house.account_of(member).plan == "hobby"
    check_invariants(house)


@pytest.mark.parametrize("when", ["Query", "TransactWriteItems"])
@pytest.mark.parametrize("overtaken", [False, True], ids=["at the first try", "and again"])
def test_the_price_on_record_is_the_one_of_the_catalog_that_the_new_period_pins(
    house: House, member: Member, when: str, overtaken: bool
) -> None:
    """The operator applies another one while the change is made, in which the dearer plan has become the cheaper."""
    house.clock.advance(days=3)
    events, name = house.client.meta.events, f"provide-client-params.dynamodb.{when}"
    plans = house.catalog_data()["plans"]
    cheaper = plans | {"scale": plans["scale"] | {"price": "5.00"}}

    def apply(**_: Any) -> None:
        events.unregister(name, apply)
        house.apply_catalog(free_plan="pro", welcome_credit=0, plans=cheaper)
        if overtaken:
            set_terms(house.ctx, member.account.id, {"tax_rate": Decimal(0)}, actor=OPERATOR)

    events.register(name, apply)
    changed = change(house, member, "scale")
    pinned = house.ctx.catalogs.version(changed.opened.catalog_version).plans["scale"]
    assert changed.change.new_price == pinned.price == (5 * DOLLAR if overtaken else 200 * DOLLAR)
    assert changed.change.reason == ("user_downgrade" if overtaken else "user_upgrade")
    (fence,) = [
        item for item in house.stored("usage") if item.get("start") == stamp(changed.account.cycle.period.start)
    ]
    assert fence["catalog_version"] == changed.opened.catalog_version
    check_invariants(house)


@pytest.fixture
def counted_ahead(house: House, member: Member) -> Member:
    """14.00 of usage, and 7.00 more that a clock ahead has counted in the next period, which has not begun here."""
    end = member.account.cycle.period.end
    house.record(house.event(member, quantity=1_000_000))
    house.clock.moment = end + APART
    assert [result.status for result in house.record(house.event(member, quantity=500_000))] == ["accepted"]
    house.clock.moment = end - APART
    return member


def used_once(house: House, member: Member) -> None:
    """All that was used is billed once, when the period after the change has closed."""
    check_invariants(house)
    for _ in range(2):
        house.clock.moment = house.account_of(member).cycle.period.end + GRACE
        house.invoice_due()
        check_invariants(house)
    assert sum(one.sum_of("usage", "late_usage") for one in invoices(house, member)) == 21 * DOLLAR


def test_a_change_just_before_the_end_leaves_what_a_clock_ahead_counted_in_the_next_period(
    house: House, counted_ahead: Member
) -> None:
    before = everything(house)
    with pytest.raises(Unavailable):
        change(house, counted_ahead, "scale")
    assert everything(house) == before
    house.clock.moment = counted_ahead.account.cycle.period.end + 2 * APART
    assert change(house, counted_ahead, "scale").invoice.period.start == counted_ahead.account.cycle.period.end
    used_once(house, counted_ahead)


def test_a_change_that_meets_the_next_period_opened_ahead_waits_for_it_to_begin(
    house: House, counted_ahead: Member
) -> None:
    end = counted_ahead.account.cycle.period.end
    ticking = replace(house.ctx, clock=Ticking(end - APART))
    changed = change_plan(ticking, house.account_of(counted_ahead), "scale", actor=OPERATOR, must_pay=False)
    ended, cut = invoices(house, counted_ahead)
    assert (ended.period.end, ended.sum_of("usage"), ended.sum_of("credit")) == (end, 14 * DOLLAR, 0)
    assert (cut, cut.sum_of("usage")) == (changed.invoice, 7 * DOLLAR)
    assert cut.period.end - end < 2 * APART
    house.clock.moment = cut.period.end
    used_once(house, counted_ahead)
