"""Sessions start while nothing stands in their way: what runs, what is used, what is stored, of whom."""

from decimal import Decimal

import pytest

from tallybook.domain.admission import NotAdmitted, Reason
from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.errors import Conflict
from tallybook.domain.sessions import SessionRequest
from tallybook.services.metering.sessions import admission, end_session, start_session
from tallybook.services.subscriptions.change_plan import change_plan
from tests.services.metering.test_sessions import wanted
from tests.support.app import App
from tests.support.invariants import check_invariants
from tests.support.shares import give_limits, share


def refused(app: App, key: PlatformCaller, wanted: SessionRequest) -> list[Reason]:
    """Why it may not start: admission says the same, and neither leaves anything behind."""
    before = app.stored("core")
    with pytest.raises(NotAdmitted) as told:
        start_session(app.ctx, key, wanted)
    assert admission(app.ctx, key, wanted) == told.value.reasons
    assert app.stored("core") == before
    return list(told.value.reasons)


def test_what_runs_counts_against_the_share_of_its_user_and_the_plan_of_the_account(app: App) -> None:
    give_limits(app, max_concurrent_sandboxes=3)
    root, key = app.member(), app.platform()
    ada = app.colleague(root)
    share(app, root, ada, concurrent_sandboxes=1)
    first = start_session(app.ctx, key, wanted(ada))
    assert refused(app, key, wanted(ada)) == [Reason("user_concurrent_sandboxes", 1, 1)]
    for _ in range(2):
        start_session(app.ctx, key, wanted(root))
    assert refused(app, key, wanted(root)) == [Reason("account_concurrent_sandboxes", 3, 3)]
    end_session(app.ctx, key, first.id)
    assert admission(app.ctx, key, wanted(ada)) == ()
    check_invariants(app)


def test_a_session_that_has_started_answers_as_before_where_there_is_no_more_room(app: App) -> None:
    give_limits(app, max_concurrent_sandboxes=1)
    member, key = app.member(), app.platform()
    first = start_session(app.ctx, key, wanted(member, "mine-1"))
    assert start_session(app.ctx, key, wanted(member, "mine-1")) == first
    assert refused(app, key, wanted(member, "mine-2")) == [Reason("account_concurrent_sandboxes", 1, 1)]


def test_a_session_that_has_started_is_admitted_as_its_start_answers(app: App) -> None:
    give_limits(app, max_concurrent_sandboxes=1)
    member, key = app.member(), app.platform()
    start_session(app.ctx, key, wanted(member, "box"))
    assert admission(app.ctx, key, wanted(member, "box")) == ()
    assert admission(app.ctx, key, wanted(member)) == (Reason("account_concurrent_sandboxes", 1, 1),)
    with pytest.raises(Conflict):
        admission(app.ctx, key, wanted(app.member(), "box"))


def test_what_is_used_up_in_a_period_is_there_again_in_the_next(app: App) -> None:
    give_limits(app, ram_gb_seconds=50)
    member, key = app.member(), app.platform()
    share(app, member, member, cpu_seconds_monthly=100)
    app.record(app.event(member, quantity="99.5", user_id=member.user_id))
    assert admission(app.ctx, key, wanted(member)) == ()
    app.record(
        app.event(member, quantity="0.5", user_id=member.user_id),
        app.event(member, meter="ram_gb_seconds", quantity=60),
    )
    assert refused(app, key, wanted(member)) == [
        Reason("account_ram_gb_seconds", 50, Decimal(60)),
        Reason("user_cpu_seconds_monthly", 100, Decimal(100)),
    ]
    app.clock.moment = app.account_of(member).closing_cursor.period.end
    assert start_session(app.ctx, key, wanted(member)).status == "running"
    check_invariants(app)


def test_storage_keeps_sessions_from_starting_while_it_is_too_much(app: App) -> None:
    member, key = app.member(), app.platform()
    share(app, member, member, template_storage_gb=10)

    def store(quantity: int) -> None:
        """Told of in the hour that ends now."""
        meter = {"meter": "template_storage_gb_hours", "quantity": quantity}
        app.record(app.event(member, user_id=member.user_id, **meter))
        app.clock.advance(hours=1)

    store(10)
    assert admission(app.ctx, key, wanted(member)) == ()
    store(11)
    assert refused(app, key, wanted(member)) == [Reason("user_template_storage_gb", 10, Decimal(11))]
    store(9)
    assert admission(app.ctx, key, wanted(member)) == ()


def test_a_decision_reads_at_most_twice_and_once_where_its_users_last_one_was_made_here(app: App) -> None:
    give_limits(app, cpu_seconds_monthly=100, template_storage_gb=5)
    member, key = app.member(), app.platform()
    share(app, member, member, cpu_seconds_monthly=100, template_storage_gb=5)
    app.record(app.event(member, quantity=1, user_id=member.user_id))
    meter = app.meter
    meter.clear()
    assert admission(app.ctx, key, wanted(member)) == ()
    assert meter.operations == ["get_many", "get_many"]
    start_session(app.ctx, key, wanted(member))
    assert meter.operations[2:] == ["get_many", "transact"]
    assert admission(app.ctx, key, wanted(member)) == ()
    assert meter.operations[4:] == ["get_many"]
    app.reshape(admission_keys={})
    start_session(app.ctx, key, wanted(member))
    assert meter.operations[5:] == ["get_many", "get_many", "transact"]


def test_what_was_read_along_is_read_anew_where_it_stands_elsewhere_by_now(app: App) -> None:
    """The next period, the next day, another plan: each has counters of its own."""
    give_limits(app, cpu_seconds_monthly=100)
    member, key = app.member(), app.platform()
    share(app, member, member, cpu_seconds_monthly=50)
    app.record(app.event(member, quantity=50, user_id=member.user_id))
    used_up = [Reason("user_cpu_seconds_monthly", 50, Decimal(50))]
    assert refused(app, key, wanted(member)) == used_up
    assert refused(app, key, wanted(member)) == used_up, "as it is read along"
    app.clock.advance(days=31)
    app.record(app.event(member, quantity=60, user_id=member.user_id))
    assert refused(app, key, wanted(member)) == [Reason("user_cpu_seconds_monthly", 50, Decimal(60))]
    app.clock.advance(seconds=1)
    change_plan(app.ctx, app.account_of(member), "pro", actor=OPERATOR, must_pay=False)
    app.record(app.event(member, quantity=70, user_id=member.user_id))
    assert refused(app, key, wanted(member)) == [Reason("user_cpu_seconds_monthly", 50, Decimal(70))]
