"""A used-up hard budget refuses sessions at once, and for no longer than it restricts."""

from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.admission import Reason
from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import PlatformCaller
from tallybook.services.budgets.budget import remove_budget
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.metering.sessions import admission, start_session
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.allocations import allocate_to, set_plan_limits
from tests.support.app import App, Member
from tests.support.budgets import edit_budget, member_with_budget, restricted_reason, spend
from tests.support.invariants import check_invariants
from tests.support.sessions import refusal_reasons, session_request


def use_up_budget(app: App, **terms: Any) -> Member:
    """An account that has used its hard budget of 100, before any check."""
    member = member_with_budget(app, limit_type="hard", **terms)
    spend(app, member, "100")
    return member


def test_sessions_are_refused_from_the_event_that_reaches_the_budget(app: App, key: PlatformCaller) -> None:
    member = member_with_budget(app, limit_type="hard")
    spend(app, member, "99.99")
    start_session(app.ctx, key, session_request(member))
    spend(app, member, "0.01")
    assert refusal_reasons(app, key, session_request(member)) == [restricted_reason()]
    spend(app, member, "23.45")
    assert refusal_reasons(app, key, session_request(member)) == [restricted_reason(current="123.45")]
    assert app.account_of(member).counts.running_count == 1
    check_invariants(app)


def test_a_running_session_still_answers_when_new_ones_are_refused(app: App, key: PlatformCaller) -> None:
    member = member_with_budget(app, limit_type="hard")
    first = start_session(app.ctx, key, session_request(member, "box"))
    spend(app, member, "100")
    assert start_session(app.ctx, key, session_request(member, "box")) == first
    assert admission(app.ctx, key, session_request(member, "box")) == ()
    assert refusal_reasons(app, key, session_request(member, "other")) == [restricted_reason()]


@pytest.mark.parametrize(
    "changes", [{"amount": Decimal("100.01")}, {"limit_type": "soft"}, {"is_active": False}], ids=str
)
def test_an_edit_lifts_or_restores_the_restriction_at_once(
    app: App, key: PlatformCaller, changes: dict[str, Any]
) -> None:
    member = use_up_budget(app)
    assert refusal_reasons(app, key, session_request(member)) == [restricted_reason()]
    edit_budget(app, member, **changes)
    assert admission(app.ctx, key, session_request(member)) == ()
    start_session(app.ctx, key, session_request(member))
    edit_budget(app, member, amount=Decimal(100), limit_type="hard", is_active=True)
    assert refusal_reasons(app, key, session_request(member)) == [restricted_reason()]


def test_deleting_the_budget_lifts_the_restriction_at_once(app: App, key: PlatformCaller) -> None:
    member = use_up_budget(app)
    remove_budget(app.ctx, authenticate(app.ctx, member.api_key))
    assert start_session(app.ctx, key, session_request(member)).status == "running"


def test_a_new_period_lifts_the_restriction_before_any_usage(app: App, key: PlatformCaller) -> None:
    member = use_up_budget(app)
    assert refusal_reasons(app, key, session_request(member)) == [restricted_reason()]
    app.clock.moment = app.account_of(member).closing_cursor.period.end
    assert start_session(app.ctx, key, session_request(member)).status == "running"
    spend(app, member, "99.99")
    assert admission(app.ctx, key, session_request(member)) == ()
    spend(app, member, "0.02")
    assert refusal_reasons(app, key, session_request(member)) == [restricted_reason(current="100.01")]


def test_a_change_of_plan_lifts_the_restriction(app: App, key: PlatformCaller) -> None:
    member = use_up_budget(app)
    app.clock.advance(seconds=1)
    change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    assert admission(app.ctx, key, session_request(member)) == ()
    start_session(app.ctx, key, session_request(member))


def test_usage_of_an_ended_period_does_not_count(app: App, key: PlatformCaller) -> None:
    member = member_with_budget(app, limit_type="hard")
    last_period = app.clock.now()
    spend(app, member, "1")
    app.clock.moment = app.account_of(member).closing_cursor.period.end
    spend(app, member, "200", time=last_period)
    assert admission(app.ctx, key, session_request(member)) == ()
    app.clock.advance(days=2)
    assert app.invoice_due()
    spend(app, member, "300", time=last_period)
    assert admission(app.ctx, key, session_request(member)) == ()
    start_session(app.ctx, key, session_request(member))


def test_usage_paid_from_the_wallet_does_not_count(app: App, key: PlatformCaller) -> None:
    member = member_with_budget(app, "0.50", limit_type="hard")
    app.record(app.event(member, meter="credits", quantity=1_000_000))
    assert admission(app.ctx, key, session_request(member)) == ()
    spend(app, member, "0.50")
    assert refusal_reasons(app, key, session_request(member)) == [restricted_reason("0.5", "0.5")]


def test_usage_in_several_shards_is_summed(app: App, key: PlatformCaller) -> None:
    app.reshape(usage_shards=4)
    member = member_with_budget(app, limit_type="hard")
    for _ in range(9):
        spend(app, member, "11.11")
    period_keys = [item for item in app.stored("usage") if item["sk"].startswith("period#")]
    assert len([period_key for period_key in period_keys if any(name.startswith("q:") for name in period_key)]) > 1
    assert admission(app.ctx, key, session_request(member)) == ()
    spend(app, member, "0.01")
    for shards in (4, 1, 8):
        app.reshape(usage_shards=shards)
        assert refusal_reasons(app, key, session_request(member)) == [restricted_reason()]


def test_a_refusal_lists_the_budget_beside_other_reasons(app: App, key: PlatformCaller) -> None:
    set_plan_limits(app, max_concurrent_sandboxes=1)
    member = member_with_budget(app, limit_type="hard")
    allocate_to(app, member, member, concurrent_sandboxes=1)
    start_session(app.ctx, key, session_request(member))
    spend(app, member, "100")
    assert refusal_reasons(app, key, session_request(member)) == [
        Reason("account_concurrent_sandboxes", 1, 1),
        restricted_reason(),
        Reason("user_concurrent_sandboxes", 1, 1),
    ]


def test_a_budget_adds_no_cost_to_a_session_start(app: App, key: PlatformCaller) -> None:
    meter = app.meter
    for member in (app.member(), member_with_budget(app), member_with_budget(app, limit_type="hard")):
        spend(app, member, "1")
        start_session(app.ctx, key, session_request(member))
        meter.clear()
        start_session(app.ctx, key, session_request(member))
        assert meter.operations == ["get_many", "transact"]
        assert (meter.read_units, meter.write_units) == (5, 9)
