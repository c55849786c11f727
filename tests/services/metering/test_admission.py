"""A session is admitted by what runs, what is used and what is stored, for the user and the account."""

from decimal import Decimal

import pytest

from tallybook.domain.admission import Reason
from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import Conflict
from tallybook.services.metering.sessions import admission, end_session, start_session
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.allocations import allocate_to, set_plan_limits
from tests.support.app import App
from tests.support.invariants import check_invariants
from tests.support.sessions import refusal_reasons, session_request


def test_running_sessions_count_against_user_and_account(app: App) -> None:
    set_plan_limits(app, max_concurrent_sandboxes=3)
    root, key = app.member(), app.platform()
    ada = app.colleague(root)
    allocate_to(app, root, ada, concurrent_sandboxes=1)
    first = start_session(app.ctx, key, session_request(ada))
    assert refusal_reasons(app, key, session_request(ada)) == [Reason("user_concurrent_sandboxes", 1, 1)]
    for _ in range(2):
        start_session(app.ctx, key, session_request(root))
    assert refusal_reasons(app, key, session_request(root)) == [Reason("account_concurrent_sandboxes", 3, 3)]
    end_session(app.ctx, key, first.id)
    assert admission(app.ctx, key, session_request(ada)) == ()
    check_invariants(app)


def test_a_repeated_start_answers_as_before_at_the_limit(app: App) -> None:
    set_plan_limits(app, max_concurrent_sandboxes=1)
    member, key = app.member(), app.platform()
    first = start_session(app.ctx, key, session_request(member, "mine-1"))
    assert start_session(app.ctx, key, session_request(member, "mine-1")) == first
    assert refusal_reasons(app, key, session_request(member, "mine-2")) == [
        Reason("account_concurrent_sandboxes", 1, 1)
    ]


def test_admission_of_a_started_session_agrees_with_its_start(app: App) -> None:
    set_plan_limits(app, max_concurrent_sandboxes=1)
    member, key = app.member(), app.platform()
    start_session(app.ctx, key, session_request(member, "box"))
    assert admission(app.ctx, key, session_request(member, "box")) == ()
    assert admission(app.ctx, key, session_request(member)) == (Reason("account_concurrent_sandboxes", 1, 1),)
    with pytest.raises(Conflict):
        admission(app.ctx, key, session_request(app.member(), "box"))


def test_a_used_up_monthly_quota_is_free_again_in_the_next_period(app: App) -> None:
    set_plan_limits(app, ram_gb_seconds=50)
    member, key = app.member(), app.platform()
    allocate_to(app, member, member, cpu_seconds_monthly=100)
    app.record(app.event(member, quantity="99.5", user_id=member.user_id))
    assert admission(app.ctx, key, session_request(member)) == ()
    app.record(
        app.event(member, quantity="0.5", user_id=member.user_id),
        app.event(member, meter="ram_gb_seconds", quantity=60),
    )
    assert refusal_reasons(app, key, session_request(member)) == [
        Reason("account_ram_gb_seconds", 50, Decimal(60)),
        Reason("user_cpu_seconds_monthly", 100, Decimal(100)),
    ]
    app.clock.moment = app.account_of(member).closing_cursor.period.end
    assert start_session(app.ctx, key, session_request(member)).status == "running"
    check_invariants(app)


def test_sessions_are_refused_while_template_storage_is_over_its_quota(app: App) -> None:
    member, key = app.member(), app.platform()
    allocate_to(app, member, member, template_storage_gb=10)

    def store(quantity: int) -> None:
        """Record template storage for the hour that ends now."""
        meter = {"meter": "template_storage_gb_hours", "quantity": quantity}
        app.record(app.event(member, user_id=member.user_id, **meter))
        app.clock.advance(hours=1)

    store(10)
    assert admission(app.ctx, key, session_request(member)) == ()
    store(11)
    assert refusal_reasons(app, key, session_request(member)) == [Reason("user_template_storage_gb", 10, Decimal(11))]
    store(9)
    assert admission(app.ctx, key, session_request(member)) == ()


def test_admission_reads_twice_and_once_for_a_known_user(app: App) -> None:
    set_plan_limits(app, cpu_seconds_monthly=100, template_storage_gb=5)
    member, key = app.member(), app.platform()
    allocate_to(app, member, member, cpu_seconds_monthly=100, template_storage_gb=5)
    app.record(app.event(member, quantity=1, user_id=member.user_id))
    meter = app.meter
    meter.clear()
    assert admission(app.ctx, key, session_request(member)) == ()
    assert meter.operations == ["get_many", "get_many"]
    start_session(app.ctx, key, session_request(member))
    assert meter.operations[2:] == ["get_many", "transact"]
    assert admission(app.ctx, key, session_request(member)) == ()
    assert meter.operations[4:] == ["get_many"]
    app.reshape(admission_keys={})
    start_session(app.ctx, key, session_request(member))
    assert meter.operations[5:] == ["get_many", "get_many", "transact"]


def test_counters_read_in_advance_are_read_again_if_they_have_moved(app: App) -> None:
    """The next period, the next day and another plan each have their own counters."""
    set_plan_limits(app, cpu_seconds_monthly=100)
    member, key = app.member(), app.platform()
    allocate_to(app, member, member, cpu_seconds_monthly=50)
    app.record(app.event(member, quantity=50, user_id=member.user_id))
    used_up = [Reason("user_cpu_seconds_monthly", 50, Decimal(50))]
    assert refusal_reasons(app, key, session_request(member)) == used_up
    assert refusal_reasons(app, key, session_request(member)) == used_up, "it is read in advance"
    app.clock.advance(days=31)
    app.record(app.event(member, quantity=60, user_id=member.user_id))
    assert refusal_reasons(app, key, session_request(member)) == [Reason("user_cpu_seconds_monthly", 50, Decimal(60))]
    app.clock.advance(seconds=1)
    change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    app.record(app.event(member, quantity=70, user_id=member.user_id))
    assert refusal_reasons(app, key, session_request(member)) == [Reason("user_cpu_seconds_monthly", 50, Decimal(70))]
