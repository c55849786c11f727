"""Plan changes that race with each other, with usage and with drafts; a fifth of the writes conflict."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, Unavailable
from tallybook.domain.periods import boundary
from tallybook.services.accounts.billing_settings import set_terms
from tallybook.services.billing.close_period import close_due
from tallybook.services.billing.draft_invoice import draft_invoice
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.quotas.consumption import read_quota_use
from tallybook.services.subscriptions.preview import preview_plan
from tallybook.services.subscriptions.subscription import change_subscription, list_plan_changes, read_subscription
from tallybook.services.wallet.credits import Move, give_credits
from tests.simulation.invoicing_races import failures, invoices
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.race import deal_out, race


@pytest.fixture
def member(crowded_app: App) -> Member:
    """A member on a plan of 20.00 a month for 10 days, with a paid-in balance and 14.00 of usage."""
    app = crowded_app
    app.apply_catalog(free_plan="pro")
    member = app.member()
    app.record(app.event(member, quantity=1_000_000))
    give_credits(app.ctx, app.platform(), Move(member.account.id, 500_000_000, "grant", "order 1"))
    app.clock.moment = member.account.closing_cursor.period.start + timedelta(days=10)
    return member


def principal_of(app: App, member: Member) -> Principal:
    return authenticate(app.ctx, member.api_key)


def to(app: App, principal: Principal, plan: str) -> Callable[[], Any]:
    return lambda: change_subscription(app.ctx, principal, plan)


def codes(answers: list[Any]) -> list[str]:
    return [error.code for error in failures(answers) if isinstance(error, Conflict)]


@pytest.mark.parametrize("plans", [("scale", "hobby"), ("scale", "scale"), ("hobby", "scale", "hobby", "scale")])
def test_of_concurrent_changes_one_wins_and_the_others_are_refused(
    crowded_app: App, member: Member, plans: tuple[str, ...]
) -> None:
    app, principal = crowded_app, principal_of(crowded_app, member)
    answers = race(*[to(app, principal, plan) for plan in plans])
    assert codes(answers) == ["plan_change_in_progress"] * (len(plans) - 1)
    ((held, change),) = [answer for answer in answers if not isinstance(answer, Exception)]
    account = app.account_of(member)
    assert (account.plan, account.counts.plan_change_count, account.schedule.since) == (
        held.plan.name,
        1,
        app.clock.now(),
    )
    assert list_plan_changes(app.ctx, principal_of(app, member), offset=0, limit=9) == [change]
    assert [invoice.id for invoice in invoices(app, member)] == [change.invoice_id]
    check_invariants(app)


def test_each_event_that_comes_while_the_plan_changes_is_billed_once(crowded_app: App, member: Member) -> None:
    """Events before the change are on its invoice or late on the next; the others are billed by the new plan."""
    app, principal = crowded_app, principal_of(crowded_app, member)
    before, now = app.clock.now() - timedelta(hours=1), app.clock.now()
    events = [app.event(member, quantity=1_000, time=time) for _ in range(30) for time in (before, now)]

    def client(events_of_client: list[dict[str, Any]]) -> None:
        left = events_of_client
        while left:
            again = {result.id for result in app.record(*left[:4]) if result.reason == "retry"}
            left = [event for event in left[:4] if event["id"] in again] + left[4:]

    *answers, changed = race(*[lambda s=s: client(s) for s in deal_out(events, 4)], to(app, principal, "hobby"))
    assert not failures([*answers, changed])
    check_invariants(app)
    app.clock.moment = app.account_of(member).closing_cursor.period.end + timedelta(hours=1)
    close_due(app.ctx, member.account.id)
    check_invariants(app)
    cut, following = invoices(app, member)
    assert cut.sum_of("credit") == -13_330_000
    # 1,060,000 CPU seconds at 0.000014, on the two of them together
    assert cut.sum_of("usage") + following.sum_of("usage", "late_usage") == 14_840_000


def test_all_usage_that_comes_while_the_plan_changes_counts_against_the_limit(crowded_app: App) -> None:
    """Late, or counted before the change: after a tenth of the month, a tenth of the limit is not carried."""
    app = crowded_app
    plans = app.catalog_data()["plans"]
    for plan in ("pro", "hobby"):
        plans[plan]["limits"] |= {"cpu_seconds_monthly": 60_000}
    app.apply_catalog(plans=plans, free_plan="pro")
    member = app.member()
    app.clock.moment = member.account.closing_cursor.period.start + timedelta(days=3)
    principal, now = principal_of(app, member), app.clock.now()
    times = (now - timedelta(hours=1), now)
    events = [app.event(member, quantity=1_000, time=time) for _ in range(30) for time in times]

    def client(left: list[dict[str, Any]]) -> None:
        while left:
            again = {result.id for result in app.record(*left[:4]) if result.reason == "retry"}
            left = [event for event in left[:4] if event["id"] in again] + left[4:]

    *answers, changed = race(*[lambda s=s: client(s) for s in deal_out(events, 4)], to(app, principal, "hobby"))
    assert not failures([*answers, changed])
    account = app.account_of(member)
    use = read_quota_use(app.ctx, account, {}, now=now)
    assert use.account["cpu_seconds_monthly"] == 60_000 - 6_000
    check_invariants(app)


def test_drafts_and_previews_during_a_plan_change_leave_one_invoice(crowded_app: App, member: Member) -> None:
    app, principal = crowded_app, principal_of(crowded_app, member)
    draft_invoice(app.ctx, principal)
    *drafted, first, second, changed = race(
        *[lambda: draft_invoice(app.ctx, principal_of(app, member))] * 5,
        *[lambda: preview_plan(app.ctx, principal, "scale")] * 2,
        to(app, principal, "scale"),
    )
    assert not [error for error in failures(drafted) if not isinstance(error, Unavailable)]
    assert not isinstance(changed, Exception)
    for seen in (first, second):
        assert isinstance(seen, Exception) or seen.change == changed[1]
    issued, *drafts = invoices(app, member)
    assert (issued.id, issued.number) == (changed[1].invoice_id, 1)
    assert {(draft.status, draft.period.start) for draft in drafts} <= {("draft", app.clock.now())}
    assert len(drafts) <= 1
    check_invariants(app)


def test_a_change_at_a_periods_end_closes_it_whole_and_opens_the_next(crowded_app: App, member: Member) -> None:
    """Events, reads and a draft at that instant, in any order; the month that starts has the new plan."""
    app = crowded_app
    end = app.clock.moment = member.account.closing_cursor.period.end
    principal = principal_of(app, member)
    events = [app.event(member, quantity=1_000, time=end) for _ in range(10)]
    *_, changed = race(
        *[lambda s=s: app.record(*s) for s in deal_out(events, 2)],
        *[lambda: read_subscription(app.ctx, app.account_of(member))] * 2,
        lambda: draft_invoice(app.ctx, principal_of(app, member)),
        to(app, principal, "scale"),
    )
    held, change = changed
    assert (change.old_period.end, change.refund, change.new_period.start) == (end, 0, end)
    assert read_subscription(app.ctx, app.account_of(member)).plan == held.plan
    assert {result.status for result in app.record(*events)} <= {"accepted", "duplicate"}
    check_invariants(app)
    app.clock.moment = app.account_of(member).closing_cursor.period.end + timedelta(hours=1)
    close_due(app.ctx, member.account.id)
    check_invariants(app)
    ended, following = invoices(app, member)
    assert (ended.sum_of("usage", "subscription"), following.sum_of("subscription")) == (34_000_000, 200_000_000)
    # 10,000 CPU seconds at the new plan's 0.000012
    assert following.sum_of("usage") == 120_000


def test_a_year_that_begins_among_new_terms_has_those_of_its_first_period(crowded_app: App) -> None:
    """Events, a closing, a discount and a catalog come at the instant at which a year of a yearly plan begins."""
    app = crowded_app
    plans = app.catalog_data()["plans"]
    annual = plans["pro"] | {"billing_interval": "year", "price": "120"}
    app.apply_catalog(plans=plans | {"annual": annual}, free_plan="annual")
    member = app.member()
    app.clock.moment = boundary(member.account.schedule, 12) - timedelta(hours=1)
    close_due(app.ctx, member.account.id)
    begins = app.clock.moment = boundary(member.account.schedule, 12)
    app.clock.advance(minutes=30)
    dearer = plans | {"annual": annual | {"price": "240"}}
    answers = race(
        lambda: app.record(app.event(member, quantity=1)),
        lambda: app.apply_catalog(plans=dearer, free_plan="annual"),
        lambda: set_terms(app.ctx, member.account.id, {"discount": Decimal(25)}, actor=OPERATOR),
        *[lambda: close_due(app.ctx, member.account.id)] * 3,
    )
    assert not failures(answers)
    year = app.account_of(member).fee_year
    assert year is not None
    assert (year.start, year.price in {120_000_000, 240_000_000}, year.discount in {0, 25}) == (begins, True, True)
    check_invariants(app)  # which compares them with what the period pinned
