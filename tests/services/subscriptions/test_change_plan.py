"""A plan change ends and invoices the present period, and starts a full month of the new plan."""

from datetime import timedelta

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.errors import (
    TooManyRequests,
)
from tests.services.subscriptions.plan_changes import (
    DOLLAR,
    all_items,
    change_unpaid,
    invoices_of,
    lines_of,
    midnight,
    pro_member,
)
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


@pytest.fixture
def member(app: App) -> Member:
    return pro_member(app)


def test_a_change_prorates_the_period_and_starts_a_full_month(app: App, member: Member) -> None:
    app.clock.advance(days=12)
    now = app.clock.now()
    changed = change_unpaid(app, member, "scale")
    assert lines_of(changed.invoice) == [("subscription", 20 * DOLLAR), ("credit", -12 * DOLLAR)]
    assert (changed.invoice.period.start, changed.invoice.period.end) == (
        member.account.closing_cursor.period.start,
        now,
    )
    assert (changed.invoice.plan, changed.account.plan) == ("pro", "scale")
    assert (changed.account.closing_cursor.period.start, changed.account.closing_cursor.period.end) == (
        now,
        midnight("2026-06-02"),
    )
    assert app.account_of(member).closing_cursor == changed.account.closing_cursor
    app.clock.moment = changed.account.closing_cursor.period.end + GRACE
    assert [lines_of(one) for one in app.invoice_due() if one.plan == "scale"] == [[("subscription", 200 * DOLLAR)]]
    check_invariants(app)


def test_a_change_first_closes_each_ended_period_at_its_end(app: App, member: Member) -> None:
    ends = [midnight("2026-05-20"), midnight("2026-06-20"), midnight("2026-06-26")]
    app.clock.moment = ends[-1]
    changed = change_unpaid(app, member, "hobby")
    issued = invoices_of(app, member)
    assert [one.period.end for one in issued] == ends
    assert [one.total for one in issued] == [20 * DOLLAR, 20 * DOLLAR, 4 * DOLLAR]  # the last one is 6 of 30 days
    assert issued[-1] == changed.invoice
    check_invariants(app)


def test_a_change_records_ended_periods_by_the_job_and_the_cut_by_its_actor(app: App, member: Member) -> None:
    app.clock.advance(days=36)
    change_unpaid(app, member, "hobby")
    entries = [item for item in app.stored("core", "AUDIT#") if item["action"] == "invoice.issued"]
    assert [item["by"] for item in entries] == ["job", "operator"]


def test_a_21st_change_within_36_days_is_refused(app: App, member: Member) -> None:
    app.clock.advance(days=1)
    first = app.clock.now()
    for number in range(20):
        change_unpaid(app, member, ("hobby", "pro")[number % 2])
        app.clock.advance(days=1)
    before = all_items(app)
    with pytest.raises(TooManyRequests) as refused:
        change_unpaid(app, member, "scale")
    assert first + timedelta(days=36) == app.clock.now() + timedelta(seconds=refused.value.retry_after)
    assert all_items(app) == before
    app.clock.moment = first + timedelta(days=36)
    assert change_unpaid(app, member, "scale").account.plan == "scale"
    check_invariants(app)


def test_a_change_at_a_periods_end_closes_it_in_full(app: App, member: Member) -> None:
    end = app.clock.moment = member.account.closing_cursor.period.end
    whole = change_unpaid(app, member, "scale")
    assert (whole.invoice.period, whole.change.refund) == (member.account.closing_cursor.period, 0)
    assert (whole.account.closing_cursor.period.start, whole.account.schedule.since) == (end, end)
    check_invariants(app)
    app.clock.moment = whole.account.closing_cursor.period.end + timedelta(milliseconds=1)
    short = change_unpaid(app, member, "hobby")
    assert short.invoice.period.end - short.invoice.period.start == timedelta(milliseconds=1)
    assert lines_of(short.invoice) == [("subscription", 200 * DOLLAR), ("credit", -200 * DOLLAR)]
    assert [one.total for one in invoices_of(app, member)] == [20 * DOLLAR, 200 * DOLLAR, 0]
    check_invariants(app)


def test_a_yearly_plans_unused_part_is_credited_on_its_last_invoice(app: App) -> None:
    """120.00 for 365 days, of which 73 are used: 24.00, in the third month."""
    plans = app.catalog_data()["plans"]
    annual = plans["pro"] | {"billing_interval": "year", "price": "120", "display_name": "Annual"}
    app.apply_catalog(plans=plans | {"annual": annual}, free_plan="annual", welcome_credit=0)
    app.clock.moment = app.clock.now().replace(hour=0, minute=0, second=0)
    member = app.member()
    app.clock.advance(days=73)
    changed = change_unpaid(app, member, "hobby")
    assert [lines_of(one) for one in invoices_of(app, member)] == [
        [],
        [],
        [("subscription", 120 * DOLLAR), ("credit", -96 * DOLLAR)],
    ]
    assert changed.invoice.lines[1].description == "Unused part of the Annual plan"
    check_invariants(app)
