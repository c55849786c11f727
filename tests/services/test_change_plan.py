"""A plan changed at once: what it ends is invoiced at that instant, and nothing is lost where clocks are apart."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.cycle import GRACE
from tallybook.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PaymentRequired,
    TooManyRequests,
    Unavailable,
)
from tallybook.domain.invoices import Invoice
from tallybook.domain.times import stamp
from tallybook.services.account_terms import set_terms
from tallybook.services.change_plan import ChangedPlan, change_plan
from tallybook.services.read_invoices import list_invoices
from tallybook.services.suspend_account import set_standing
from tests.support.clock import StillClock
from tests.support.house import House, Member
from tests.support.invariants import check_invariants

DOLLAR = 1_000_000
APART = timedelta(milliseconds=20)


class Ticking(StillClock):
    """A clock that moves by 3 ms with each reading."""

    def now(self) -> datetime:
        self.advance(milliseconds=3)
        return self.moment


@pytest.fixture
def member(house: House) -> Member:
    """On a plan of 20.00 a month from 2026-04-20 on, with no balance; it is the first second of its period."""
    house.apply_catalog(free_plan="pro", welcome_credit=0)
    house.clock.moment = house.clock.now().replace(hour=0, minute=0, second=0)
    return house.member()


def change(house: House, member: Member, plan: str) -> ChangedPlan:
    return change_plan(house.ctx, house.account_of(member), plan, actor=OPERATOR, must_pay=False)


def lines(invoice: Invoice) -> list[tuple[str, int]]:
    return [(line.type, line.amount) for line in invoice.lines]


def invoices(house: House, member: Member) -> list[Invoice]:
    """Oldest first."""
    return list_invoices(house.ctx, house.account_of(member), offset=0, limit=100)[::-1]


def everything(house: House) -> list[list[dict[str, object]]]:
    return [house.stored("core"), house.stored("usage")]


def test_the_period_ends_with_its_part_of_the_fee_and_a_full_month_of_the_new_plan_begins(
    house: House, member: Member
) -> None:
    house.clock.advance(days=12)
    now = house.clock.now()
    changed = change(house, member, "scale")
    assert lines(changed.invoice) == [("subscription", 20 * DOLLAR), ("credit", -12 * DOLLAR)]
    assert (changed.invoice.period.start, changed.invoice.period.end) == (member.account.cycle.period.start, now)
    assert (changed.invoice.plan, changed.account.plan) == ("pro", "scale")
    assert (changed.account.cycle.period.start, changed.account.cycle.period.end) == (now, datetime_of("2026-06-02"))
    assert house.account_of(member).cycle == changed.account.cycle
    house.clock.moment = changed.account.cycle.period.end + GRACE
    assert [lines(one) for one in house.invoice_due() if one.plan == "scale"] == [[("subscription", 200 * DOLLAR)]]
    check_invariants(house)


def test_periods_that_ended_are_closed_first_each_at_its_own_end(house: House, member: Member) -> None:
    ends = [datetime_of("2026-05-20"), datetime_of("2026-06-20"), datetime_of("2026-06-26")]
    house.clock.moment = ends[-1]
    changed = change(house, member, "hobby")
    issued = invoices(house, member)
    assert [one.period.end for one in issued] == ends
    assert [one.total for one in issued] == [20 * DOLLAR, 20 * DOLLAR, 4 * DOLLAR]  # the last is 6 of 30 days
    assert issued[-1] == changed.invoice
    check_invariants(house)


def test_what_is_closed_on_the_way_is_the_jobs_work_and_what_the_change_cuts_its_makers(
    house: House, member: Member
) -> None:
    house.clock.advance(days=36)
    change(house, member, "hobby")
    entries = [item for item in house.stored("core", "AUDIT#") if item["action"] == "invoice.issued"]
    assert [item["by"] for item in entries] == ["job", "operator"]


def test_twenty_changes_within_36_days_are_all_and_the_next_may_come_as_the_first_is_forgotten(
    house: House, member: Member
) -> None:
    house.clock.advance(days=1)
    first = house.clock.now()
    for number in range(20):
        change(house, member, ("hobby", "pro")[number % 2])
        house.clock.advance(days=1)
    before = everything(house)
    with pytest.raises(TooManyRequests) as refused:
        change(house, member, "scale")
    assert first + timedelta(days=36) == house.clock.now() + timedelta(seconds=refused.value.retry_after)
    assert everything(house) == before
    house.clock.moment = first + timedelta(days=36)
    assert change(house, member, "scale").account.plan == "scale"
    check_invariants(house)


def test_a_change_at_a_periods_very_end_ends_it_whole_and_one_a_millisecond_later_the_next(
    house: House, member: Member
) -> None:
    end = house.clock.moment = member.account.cycle.period.end
    whole = change(house, member, "scale")
    assert (whole.invoice.period, whole.change.refund) == (member.account.cycle.period, 0)
    assert (whole.account.cycle.period.start, whole.account.calendar.anchor) == (end, end)
    check_invariants(house)
    house.clock.moment = whole.account.cycle.period.end + timedelta(milliseconds=1)
    short = change(house, member, "hobby")
    assert short.invoice.period.end - short.invoice.period.start == timedelta(milliseconds=1)
    assert lines(short.invoice) == [("subscription", 200 * DOLLAR), ("credit", -200 * DOLLAR)]
    assert [one.total for one in invoices(house, member)] == [20 * DOLLAR, 200 * DOLLAR, 0]
    check_invariants(house)


def test_of_a_year_the_unused_part_is_taken_off_on_the_invoice_that_ends_it(house: House) -> None:
    """120.00 for 365 days, 73 of which are used: 24.00, in the third month."""
    plans = house.catalog_data()["plans"]
    annual = plans["pro"] | {"billing_interval": "year", "price": "120", "display_name": "Annual"}
    house.apply_catalog(plans=plans | {"annual": annual}, free_plan="annual", welcome_credit=0)
    house.clock.moment = house.clock.now().replace(hour=0, minute=0, second=0)
    member = house.member()
    house.clock.advance(days=73)
    changed = change(house, member, "hobby")
    assert [lines(one) for one in invoices(house, member)] == [
        [],
        [],
        [("subscription", 120 * DOLLAR), ("credit", -96 * DOLLAR)],
    ]
    assert changed.invoice.lines[1].description == "Unused part of the Annual plan"
    check_invariants(house)


@pytest.mark.parametrize(("plan", "code"), [("gold", "unknown_plan"), ("", "unknown_plan"), ("pro", "same_plan")])
def test_a_plan_that_is_not_sold_or_that_it_has_is_named(house: House, member: Member, plan: str, code: str) -> None:
    house.clock.advance(days=3)
    before = everything(house)
    with pytest.raises(Invalid) as refused:
        change(house, member, plan)
    assert (refused.value.code, refused.value.field) == (code, "plan_name")
    assert everything(house) == before


def test_a_suspended_account_changes_no_plan(house: House, member: Member) -> None:
    set_standing(house.ctx, member.account.id, "suspended", reason="as asked", actor=OPERATOR)
    house.clock.advance(days=40)
    before = everything(house)
    with pytest.raises(Forbidden) as refused:
        change(house, member, "scale")
    assert refused.value.code == "account_suspended"
    assert everything(house) == before


@pytest.mark.parametrize("seen", ["before it was deleted", "after"])
def test_a_deleted_account_is_none_any_more_and_its_ended_periods_stay_as_they_are(
    house: House, member: Member, seen: str
) -> None:
    account = member.account
    house.change_account(member, status="deleted")
    if seen == "after":
        account = house.account_of(member)
    house.clock.advance(days=40)
    before = everything(house)
    with pytest.raises(NotFound) as refused:
        change_plan(house.ctx, account, "scale", actor=OPERATOR, must_pay=False)
    assert refused.value.resource == "account"
    assert everything(house) == before


def paid_for(house: House, member: Member, plan: str) -> ChangedPlan:
    """Where it needs money first."""
    return change_plan(house.ctx, house.account_of(member), plan, actor=OPERATOR, must_pay=True)


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
    house: House, member: Member, standing: dict[str, int], code: str
) -> None:
    house.change_account(member, **standing)
    house.record(house.event(member, quantity=1_000))
    house.clock.moment = member.account.cycle.period.end + timedelta(minutes=10)
    before = everything(house)
    with pytest.raises(PaymentRequired) as refused:
        paid_for(house, member, "scale")
    assert refused.value.code == code
    assert everything(house) == before


def test_money_that_the_ended_periods_leave_pays_for_a_plan(house: House, member: Member) -> None:
    house.change_account(member, balance=20 * DOLLAR + 1, credited=20 * DOLLAR + 1)
    house.clock.moment = member.account.cycle.period.end + timedelta(minutes=10)
    assert paid_for(house, member, "scale").account.balance == 1


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


def datetime_of(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00Z")
