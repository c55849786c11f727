"""Usage, invoices and history of an account whose time zone and plan change: each event is billed once."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.history import range_of
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period, period_of
from tallybook.services.accounts.operator import create_account
from tallybook.services.accounts.profile import change_account
from tallybook.services.accounts.suspension import set_account_status
from tallybook.services.billing.history import read_history
from tallybook.services.billing.invoices import list_invoices
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.identity.change_password import set_password
from tallybook.services.identity.sign_in import login
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.app import HERE, PASSWORD, App, Member
from tests.support.invariants import check_invariants

CENT = 10_000
NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def owner(app: App, zone: str, *, registered: str) -> Member:
    """The root user of an account that was registered then, in this time zone."""
    app.clock.moment = at(registered)
    app.apply_catalog(welcome_credit=0)
    account, user = create_account(app.ctx, email="owner@example.com", time_zone=zone)
    set_password(app.ctx, token=app.password_token(user), password=PASSWORD, address=HERE)
    signed_in = login(app.ctx, email=user.email, password=PASSWORD, address=HERE)
    return Member(account, user, signed_in.text, "")


def change(app: App, member: Member, *, plan: str | None = None, zone: str | None = None) -> None:
    if plan:
        change_plan(app.ctx, app.account_of(member), plan, actor=OPERATOR, must_pay=False)
    if zone:
        text = login(app.ctx, email=member.user.email, password=PASSWORD, address=HERE).text
        change_account(app.ctx, authenticate(app.ctx, text), {"time_zone": zone})


def pass_months(app: App, until: str) -> None:
    """Close the periods that end until then, each a day after its end."""
    while app.clock.now() < at(until):
        app.clock.moment = min(app.clock.now() + timedelta(days=1), at(until))
        app.invoice_due()


def invoices_of(app: App, member: Member) -> list[Invoice]:
    return list_invoices(app.ctx, app.account_of(member), offset=0, limit=100)[::-1]


def test_an_event_of_34_days_is_billed_after_changes_of_zone_and_plan(app: App) -> None:
    member = owner(app, NEW_YORK, registered="2026-02-10T12:00Z")
    pass_months(app, "2026-03-01T00:00Z")
    change(app, member, plan="pro")
    pass_months(app, "2026-05-10T12:00Z")
    change(app, member, zone=BERLIN)
    pass_months(app, "2026-07-04T00:00:01Z")
    change(app, member, plan="hobby")
    (result,) = app.record(app.event(member, quantity=10_000_000, time="2026-05-30T12:00:00Z"))
    assert result.status == "accepted"
    check_invariants(app)
    pass_months(app, "2026-09-01T00:00Z")
    late = [
        (line.amount, line.period_start) for one in invoices_of(app, member) for line in one.lines if line.period_start
    ]
    assert late == [(14_000 * CENT, at("2026-05-28T23:00Z"))]
    check_invariants(app)


def test_months_keep_their_first_day_after_a_zone_change(app: App) -> None:
    member = owner(app, "UTC", registered="2026-03-01T00:00Z")
    pass_months(app, "2026-03-10T12:00Z")
    change(app, member, zone=NEW_YORK)
    pass_months(app, "2026-06-10T00:00Z")
    assert [invoice.period for invoice in invoices_of(app, member)] == [
        Period(at("2026-03-01T00:00Z"), at("2026-04-01T00:00Z"), "UTC"),
        Period(at("2026-04-01T00:00Z"), at("2026-05-01T04:00Z"), NEW_YORK),
        Period(at("2026-05-01T04:00Z"), at("2026-06-01T04:00Z"), NEW_YORK),
    ]
    check_invariants(app)


def test_an_account_of_a_day_without_midnight_has_whole_days_later(app: App) -> None:
    member = owner(app, "Africa/Cairo", registered="2027-04-30T08:00Z")
    pass_months(app, "2027-07-02T00:00Z")
    assert [(invoice.period.first_day, invoice.period.last_day) for invoice in invoices_of(app, member)] == [
        (at("2027-04-30T00:00Z").date(), at("2027-05-29T00:00Z").date()),
        (at("2027-05-30T00:00Z").date(), at("2027-06-29T00:00Z").date()),
    ]


def test_history_has_the_last_day_of_a_closed_period_of_over_32_days(app: App) -> None:
    """From 29 May 00:00 in Kiritimati to 29 June 24:00 less a day in Niue: 31 days and 25 hours."""
    member = owner(app, "Pacific/Kiritimati", registered="2026-04-29T12:00Z")
    change(app, member, zone="Pacific/Niue")
    period = period_of(app.account_of(member).schedule, at("2026-06-10T00:00Z"))
    assert period.end - period.start > timedelta(days=32)
    last = period.end - timedelta(hours=1)
    pass_months(app, last.isoformat())
    app.record(app.event(member, quantity=1_000_000))
    asked = range_of(last, last, now=last + timedelta(days=5))
    assert read_history(app.ctx, app.account_of(member), asked).total == 1_400 * CENT
    pass_months(app, (last + timedelta(days=5)).isoformat())
    assert read_history(app.ctx, app.account_of(member), asked).total == 1_400 * CENT


@pytest.mark.parametrize("closes", [True, False])
def test_a_zone_change_forgets_no_schedule_of_an_unclosed_period(app: App, closes: bool) -> None:
    """Without the scheduled jobs, periods stay open for months."""
    member = owner(app, NEW_YORK, registered="2026-01-10T12:00Z")
    for month, zone in enumerate(("Asia/Tokyo", "UTC", BERLIN, "Pacific/Niue"), 2):
        app.clock.moment = at(f"2026-{month:02}-11T12:00Z")
        if closes:
            app.invoice_due()
        change(app, member, zone=zone)
        app.record(app.event(member, quantity=1_000_000))
    pass_months(app, "2026-07-20T00:00Z")
    check_invariants(app)
    billed = sum(invoice.sum_of("usage", "late_usage") for invoice in invoices_of(app, member))
    assert billed == 4 * 1_400 * CENT
    ends = [(invoice.period.start, invoice.period.end) for invoice in invoices_of(app, member)]
    assert ends[1:3] == [
        (at("2026-02-10T05:00Z"), at("2026-03-10T04:00Z")),
        (at("2026-03-10T04:00Z"), at("2026-04-09T15:00Z")),
    ]


def test_a_suspension_keeps_the_schedules_of_its_time(app: App) -> None:
    member = owner(app, NEW_YORK, registered="2026-01-10T12:00Z")
    set_account_status(app.ctx, member.account.id, "suspended", reason="test", actor=OPERATOR)
    for month, zone in enumerate(("Asia/Tokyo", "UTC", BERLIN), 2):
        pass_months(app, f"2026-{month:02}-11T12:00Z")
        change(app, member, zone=zone)
    pass_months(app, "2026-06-01T00:00Z")
    change(app, member, zone="Asia/Tokyo")
    set_account_status(app.ctx, member.account.id, "active", reason="test", actor=OPERATOR)
    account = app.account_of(member)
    periods = [invoice.period for invoice in invoices_of(app, member)] + [account.closing_cursor.period]
    assert [at(start) for start in account.suspension.milliseconds] == [period.start for period in periods]
