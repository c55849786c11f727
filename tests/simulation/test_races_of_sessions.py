"""What holds of sessions when many start and end them at once, with a fifth of all writes conflicting."""

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
from tests.services.metering.test_sessions import wanted
from tests.support.house import House
from tests.support.invariants import check_invariants
from tests.support.race import in_turns, race
from tests.support.shares import caller, give_limits, share, watched

UNLIMITED = 10**6


def refusals(answers: list[Any]) -> list[tuple[Reason, ...]]:
    """Why starts were refused; nothing else has gone wrong with any."""
    failed = [answer for answer in answers if not isinstance(answer, Session)]
    assert {type(answer) for answer in failed} <= {NotAdmitted}, failed
    return [answer.reasons for answer in failed]


@pytest.mark.parametrize("whose", ["account", "user"])
def test_of_50_sessions_started_by_8_clients_against_7_exactly_7_run_at_every_instant(
    crowded_house: House, whose: str
) -> None:
    house = crowded_house
    give_limits(house, max_concurrent_sandboxes=7 if whose == "account" else UNLIMITED)
    member, key = house.member(), house.platform()
    if whose == "user":
        share(house, member, member, concurrent_sandboxes=7)
    ctx, watch = watched(house, member)

    def client(ids: list[str]) -> list[Any]:
        return [attempt(lambda i=i: start_session(ctx, key, wanted(member, i))) for i in ids]

    ids = [f"box-{number}" for number in range(50)]
    answers = [one for part in race(*[lambda s=s: client(s) for s in in_turns(ids, 8)]) for one in part]
    assert refusals(answers) == [(Reason(f"{whose}_concurrent_sandboxes", 7, 7),)] * 43
    assert house.account_of(member).running == 7
    assert watch.most_at_once({"hobby": 7 if whose == "account" else UNLIMITED}) == 7
    check_invariants(house)


def test_as_many_at_once_as_there_is_room_for_all_run(crowded_house: House) -> None:
    """None of them waits for the others to be recorded, so that none gives up."""
    house = crowded_house
    give_limits(house, max_concurrent_sandboxes=100)
    member, key = house.member(), house.platform()
    ctx, _ = watched(house, member)
    answers = race(*[lambda i=i: start_session(ctx, key, wanted(member, f"box-{i}")) for i in range(101)])
    assert refusals(answers) == [(Reason("account_concurrent_sandboxes", 100, 100),)]
    assert house.account_of(member).running == 100
    check_invariants(house)


def attempt(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        return error


def test_sessions_that_end_make_room_for_others_and_never_for_too_many(crowded_house: House) -> None:
    house = crowded_house
    give_limits(house, max_concurrent_sandboxes=4)
    member, key = house.member(), house.platform()
    ctx, watch = watched(house, member)

    def client(name: int) -> list[Any]:
        answers = []
        for number in range(4):
            answers.append(attempt(lambda n=number: start_session(ctx, key, wanted(member, f"box-{name}-{n}"))))
            if isinstance(answers[-1], Session) and number < 3:
                assert end_session(ctx, key, answers[-1].id).status == "ended"
        return answers

    parts = race(*[lambda n=n: client(n) for n in range(8)])
    answers = [answer for part in parts for answer in part]
    assert set(refusals(answers)) <= {(Reason("account_concurrent_sandboxes", 4, 4),)}
    left = sum(isinstance(part[-1], Session) for part in parts)
    assert house.account_of(member).running == left <= watch.most_at_once({"hobby": 4}) <= 4
    check_invariants(house)
    assert len(
        refusals([attempt(lambda i=i: start_session(house.ctx, key, wanted(member, f"x{i}"))) for i in range(5)])
    )


def test_no_session_starts_beyond_a_share_once_it_is_lowered(crowded_house: House) -> None:
    house = crowded_house
    member, key = house.member(), house.platform()
    before = share(house, member, member, concurrent_sandboxes=5)
    root = caller(house, member)
    ctx, watch = watched(house, member)
    *answers, changed = race(
        *[lambda i=i: start_session(ctx, key, wanted(member, f"box-{i}")) for i in range(6)],
        lambda: change_allocation(ctx, root, before.id, {"concurrent_sandboxes": 2}),
    )
    assert isinstance(changed, Allocation)
    assert {reason[0].limit for reason in refusals(answers)} <= {2, 5}
    assert 2 <= watch.most_at_once({"hobby": 5}) == house.account_of(member).running
    check_invariants(house)


def test_no_session_starts_beyond_a_plan_once_it_has_changed(crowded_house: House) -> None:
    house = crowded_house
    give_limits(house, free_plan="pro", max_concurrent_sandboxes=3)
    member, key = house.member(), house.platform()
    house.clock.advance(days=1)
    ctx, watch = watched(house, member)
    *answers, changed = race(
        *[lambda i=i: start_session(ctx, key, wanted(member, f"box-{i}")) for i in range(6)],
        lambda: change_plan(ctx, house.account_of(member), "hobby", actor=OPERATOR, must_pay=False),
    )
    assert isinstance(changed, ChangedPlan)
    assert {reason[0].limit for reason in refusals(answers)} <= {3}
    assert 3 <= watch.most_at_once({"pro": 50, "hobby": 3}) == house.account_of(member).running
    check_invariants(house)


def test_a_user_who_is_deleted_starts_nothing_afterwards_and_what_runs_ends(crowded_house: House) -> None:
    house = crowded_house
    member, key = house.member(), house.platform()
    other = house.colleague(member)
    root = caller(house, member)
    *answers, deleted = race(
        *[lambda i=i: start_session(house.ctx, key, wanted(other, f"box-{i}")) for i in range(5)],
        lambda: delete_user(house.ctx, root, other.user.id),
    )
    assert deleted is None
    assert {type(answer) for answer in answers} <= {Session, NotFound}
    check_invariants(house)
    for session in (answer for answer in answers if isinstance(answer, Session)):
        assert end_session(house.ctx, key, session.id).status == "ended"
    assert house.account_of(member).running == 0
    check_invariants(house)


def test_a_session_ended_by_many_while_its_time_is_up_ends_once(crowded_house: House) -> None:
    house = crowded_house
    member, key = house.member(), house.platform()
    session = start_session(house.ctx, key, wanted(member))
    house.clock.advance(seconds=3600)
    answers = race(
        *[lambda: end_expired(house.ctx, session.id)] * 4, *[lambda: end_session(house.ctx, key, session.id)] * 4
    )
    assert {answer.ended_at for answer in answers if answer} == {session.expires_at}
    assert all(answers[4:])
    bill = read_current_bill(house.ctx, house.account_of(member))
    assert (bill.active_sessions, bill.completed_sessions) == (0, 1)
    check_invariants(house)
