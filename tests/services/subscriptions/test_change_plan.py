"""A plan changed at once: what it ends is invoiced at that instant, and a full month of the new plan begins."""

from datetime import timedelta

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.errors import (
    TooManyRequests,
)
from tests.services.plan_changes import DOLLAR, change, datetime_of, everything, invoices, lines, on_pro
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def member(app: App) -> Member:
    return on_pro(app)


def test_the_period_ends_prorated_and_a_full_month_of_the_new_plan_begins(app: App, member: Member) -> None:
    app.clock.advance(days=12)
    now = app.clock.now()
    changed = change(app, member, "scale")
    assert lines(changed.invoice) == [("subscription", 20 * DOLLAR), ("credit", -12 * DOLLAR)]
    assert (changed.invoice.period.start, changed.invoice.period.end) == (
        member.account.closing_cursor.period.start,
        now,
    )
    assert (changed.invoice.plan, changed.account.plan) == ("pro", "scale")
    assert (changed.account.closing_cursor.period.start, changed.account.closing_cursor.period.end) == (
        now,
        datetime_of("2026-06-02"),
    )
    assert app.account_of(member).closing_cursor == changed.account.closing_cursor
    app.clock.moment = changed.account.closing_cursor.period.end + GRACE
    assert [lines(one) for one in app.invoice_due() if one.plan == "scale"] == [[("subscription", 200 * DOLLAR)]]
    check_invariants(app)


def test_periods_that_ended_are_closed_first_each_at_its_own_end(app: App, member: Member) -> None:
    ends = [datetime_of("2026-05-20"), datetime_of("2026-06-20"), datetime_of("2026-06-26")]
    app.clock.moment = ends[-1]
    changed = change(app, member, "hobby")
    issued = invoices(app, member)
    assert [one.period.end for one in issued] == ends
    assert [one.total for one in issued] == [20 * DOLLAR, 20 * DOLLAR, 4 * DOLLAR]  # the last is 6 of 30 days
    assert issued[-1] == changed.invoice
    check_invariants(app)


def test_periods_closed_by_a_change_are_the_jobs_and_the_cut_its_makers(app: App, member: Member) -> None:
    app.clock.advance(days=36)
    change(app, member, "hobby")
    entries = [item for item in app.stored("core", "AUDIT#") if item["action"] == "invoice.issued"]
    assert [item["by"] for item in entries] == ["job", "operator"]


def test_a_21st_change_within_36_days_waits_for_the_first_to_expire(app: App, member: Member) -> None:
    app.clock.advance(days=1)
    first = app.clock.now()
    for number in range(20):
        change(app, member, ("hobby", "pro")[number % 2])
        app.clock.advance(days=1)
    before = everything(app)
    with pytest.raises(TooManyRequests) as refused:
        change(app, member, "scale")
    assert first + timedelta(days=36) == app.clock.now() + timedelta(seconds=refused.value.retry_after)
    assert everything(app) == before
    app.clock.moment = first + timedelta(days=36)
    assert change(app, member, "scale").account.plan == "scale"
    check_invariants(app)


def test_a_change_at_a_periods_end_ends_it_whole_later_the_next(app: App, member: Member) -> None:
    end = app.clock.moment = member.account.closing_cursor.period.end
    whole = change(app, member, "scale")
    assert (whole.invoice.period, whole.change.refund) == (member.account.closing_cursor.period, 0)
    assert (whole.account.closing_cursor.period.start, whole.account.schedule.anchor) == (end, end)
    check_invariants(app)
    app.clock.moment = whole.account.closing_cursor.period.end + timedelta(milliseconds=1)
    short = change(app, member, "hobby")
    assert short.invoice.period.end - short.invoice.period.start == timedelta(milliseconds=1)
    assert lines(short.invoice) == [("subscription", 200 * DOLLAR), ("credit", -200 * DOLLAR)]
    assert [one.total for one in invoices(app, member)] == [20 * DOLLAR, 200 * DOLLAR, 0]
    check_invariants(app)


def test_of_a_year_the_unused_part_is_taken_off_on_the_invoice_that_ends_it(app: App) -> None:
    """120.00 for 365 days, 73 of which are used: 24.00, in the third month."""
    plans = app.catalog_data()["plans"]
    annual = plans["pro"] | {"billing_interval": "year", "price": "120", "display_name": "Annual"}
    app.apply_catalog(plans=plans | {"annual": annual}, free_plan="annual", welcome_credit=0)
    app.clock.moment = app.clock.now().replace(hour=0, minute=0, second=0)
    member = app.member()
    app.clock.advance(days=73)
    changed = change(app, member, "hobby")
    assert [lines(one) for one in invoices(app, member)] == [
        [],
        [],
        [("subscription", 120 * DOLLAR), ("credit", -96 * DOLLAR)],
    ]
    assert changed.invoice.lines[1].description == "Unused part of the Annual plan"
    check_invariants(app)
