"""Concurrent starts and ends of sessions, with a fifth of all writes conflicting."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.domain.admission import NotAdmitted, Reason
from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import NotFound
from tallybook.domain.quotas import Allocation
from tallybook.domain.sessions import Session
from tallybook.services.accounts.team import delete_user
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.metering.sessions import end_expired, end_session, start_session
from tallybook.services.quotas.allocations import change_allocation
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tests.support.allocations import allocate_to, principal_of, set_plan_limits
from tests.support.app import App
from tests.support.invariants import check_invariants
from tests.support.race import deal_out, race
from tests.support.running_watch import watch_running
from tests.support.sessions import session_request

UNLIMITED = 10**6


def refusals(answers: list[Any]) -> list[tuple[Reason, ...]]:
    """The reasons of refused starts; fails on any other error."""
    failed = [answer for answer in answers if not isinstance(answer, Session)]
    assert {type(answer) for answer in failed} <= {NotAdmitted}, failed
    return [answer.reasons for answer in failed]


@pytest.mark.parametrize("whose", ["account", "user"])
def test_of_50_sessions_against_a_limit_of_7_exactly_7_run(crowded_app: App, whose: str) -> None:
    app = crowded_app
    set_plan_limits(app, max_concurrent_sandboxes=7 if whose == "account" else UNLIMITED)
    member, key = app.member(), app.platform()
    if whose == "user":
        allocate_to(app, member, member, concurrent_sandboxes=7)
    ctx, watch = watch_running(app, member)

    def client(ids: list[str]) -> list[Any]:
        return [attempt(lambda i=i: start_session(ctx, key, session_request(member, i))) for i in ids]

    ids = [f"box-{number}" for number in range(50)]
    answers = [one for part in race(*[lambda s=s: client(s) for s in deal_out(ids, 8)]) for one in part]
    assert refusals(answers) == [(Reason(f"{whose}_concurrent_sandboxes", 7, 7),)] * 43
    assert app.account_of(member).counts.running_count == 7
    assert watch.most_at_once({"hobby": 7 if whose == "account" else UNLIMITED}) == 7
    check_invariants(app)


def test_concurrent_starts_up_to_the_limit_all_succeed(crowded_app: App) -> None:
    """No start conflicts with the others so often that it gives up."""
    app = crowded_app
    set_plan_limits(app, max_concurrent_sandboxes=100)
    member, key = app.member(), app.platform()
    ctx, _ = watch_running(app, member)
    answers = race(*[lambda i=i: start_session(ctx, key, session_request(member, f"box-{i}")) for i in range(101)])
    assert refusals(answers) == [(Reason("account_concurrent_sandboxes", 100, 100),)]
    assert app.account_of(member).counts.running_count == 100
    check_invariants(app)


def attempt(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        return error


def test_ended_sessions_make_room_and_the_limit_is_never_exceeded(crowded_app: App) -> None:
    app = crowded_app
    set_plan_limits(app, max_concurrent_sandboxes=4)
    member, key = app.member(), app.platform()
    ctx, watch = watch_running(app, member)

    def client(name: int) -> list[Any]:
        answers = []
        for number in range(4):
            answers.append(
                attempt(lambda n=number: start_session(ctx, key, session_request(member, f"box-{name}-{n}")))
            )
            if isinstance(answers[-1], Session) and number < 3:
                assert end_session(ctx, key, answers[-1].id).status == "ended"
        return answers

    parts = race(*[lambda n=n: client(n) for n in range(8)])
    answers = [answer for part in parts for answer in part]
    assert set(refusals(answers)) <= {(Reason("account_concurrent_sandboxes", 4, 4),)}
    left = sum(isinstance(part[-1], Session) for part in parts)
    assert app.account_of(member).counts.running_count == left <= watch.most_at_once({"hobby": 4}) <= 4
    check_invariants(app)
    assert len(
        refusals([attempt(lambda i=i: start_session(app.ctx, key, session_request(member, f"x{i}"))) for i in range(5)])
    )


def test_no_session_starts_beyond_a_lowered_allocation(crowded_app: App) -> None:
    app = crowded_app
    member, key = app.member(), app.platform()
    before = allocate_to(app, member, member, concurrent_sandboxes=5)
    root = principal_of(app, member)
    ctx, watch = watch_running(app, member)
    *answers, changed = race(
        *[lambda i=i: start_session(ctx, key, session_request(member, f"box-{i}")) for i in range(6)],
        lambda: change_allocation(ctx, root, before.id, {"concurrent_sandboxes": 2}),
    )
    assert isinstance(changed, Allocation)
    assert {reason[0].limit for reason in refusals(answers)} <= {2, 5}
    assert 2 <= watch.most_at_once({"hobby": 5}) == app.account_of(member).counts.running_count
    check_invariants(app)


def test_no_session_starts_beyond_a_changed_plan(crowded_app: App) -> None:
    app = crowded_app
    set_plan_limits(app, free_plan="pro", max_concurrent_sandboxes=3)
    member, key = app.member(), app.platform()
    app.clock.advance(days=1)
    ctx, watch = watch_running(app, member)
    *answers, changed = race(
        *[lambda i=i: start_session(ctx, key, session_request(member, f"box-{i}")) for i in range(6)],
        lambda: change_plan(ctx, app.account_of(member), "hobby", actor=OPERATOR, must_pay=False),
    )
    assert isinstance(changed, ChangedPlan)
    assert {reason[0].limit for reason in refusals(answers)} <= {3}
    assert 3 <= watch.most_at_once({"pro": 50, "hobby": 3}) == app.account_of(member).counts.running_count
    check_invariants(app)


def test_a_deleted_user_starts_nothing_and_running_sessions_end(crowded_app: App) -> None:
    app = crowded_app
    member, key = app.member(), app.platform()
    other = app.colleague(member)
    root = principal_of(app, member)
    *answers, deleted = race(
        *[lambda i=i: start_session(app.ctx, key, session_request(other, f"box-{i}")) for i in range(5)],
        lambda: delete_user(app.ctx, root, other.user.id),
    )
    assert deleted is None
    assert {type(answer) for answer in answers} <= {Session, NotFound}
    check_invariants(app)
    for session in (answer for answer in answers if isinstance(answer, Session)):
        assert end_session(app.ctx, key, session.id).status == "ended"
    assert app.account_of(member).counts.running_count == 0
    check_invariants(app)


def test_a_session_ended_by_many_while_its_time_is_up_ends_once(crowded_app: App) -> None:
    app = crowded_app
    member, key = app.member(), app.platform()
    session = start_session(app.ctx, key, session_request(member))
    app.clock.advance(seconds=3600)
    answers = race(
        *[lambda: end_expired(app.ctx, session.id)] * 4, *[lambda: end_session(app.ctx, key, session.id)] * 4
    )
    assert {answer.ended_at for answer in answers if answer} == {session.expires_at}
    assert all(answers[4:])
    bill = read_current_bill(app.ctx, app.account_of(member))
    assert (bill.active_sessions, bill.completed_sessions) == (0, 1)
    check_invariants(app)
