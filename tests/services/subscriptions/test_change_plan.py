"""A plan changed at once: what it ends is invoiced at that instant, and a full month of the new plan begins."""

from datetime import timedelta

import pytest

from tallybook.domain.cycle import GRACE
from tallybook.domain.errors import (
    TooManyRequests,
)
from tests.services.plan_changes import DOLLAR, change, datetime_of, everything, invoices, lines, on_pro
from tests.support.house import House, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def member(house: House) -> Member:
    return on_pro(house)


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
