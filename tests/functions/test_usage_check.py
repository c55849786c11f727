"""Every five minutes sessions whose time is up are ended, and users are told of what they have used up."""

from datetime import timedelta

from tallybook.services.authenticate import authenticate
from tallybook.services.quota_allocations import allocate
from tallybook.services.run_sessions import end_session, start_session
from tests.functions.queued_work import QueuedWork
from tests.services.test_run_sessions import counts, wanted
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.outside import World
from usage_check.app import handler

JOB = QueuedWork("usage_check", handler)


def with_share(house: House) -> Member:
    """A user with a share of 100 CPU seconds."""
    member = house.member()
    allocate(house.ctx, authenticate(house.ctx, member.session), member.user.id, {"cpu_seconds_monthly": 100})
    return member


def told(house: House, member: Member) -> list[str]:
    """The subjects of what they got about their share."""
    return [mail.subject for mail in house.deliver().to(member.user.email) if "quota" in mail.subject]


def test_a_user_is_written_to_once_what_they_have_used_is_seen(house: House, post: World) -> None:
    member = with_share(house)
    house.record(house.event(member, quantity=80, user_id=member.user_id))
    assert JOB.tick() == {"check": 1}
    assert JOB.work_off(post) == []
    assert told(house, member) == ["You have used 80 % of your Tallybook quota"]
    assert JOB.tick() == {}


def test_a_session_whose_time_is_up_ends_then_and_not_before(house: House, post: World) -> None:
    member = house.member()
    session = start_session(house.ctx, house.platform(), wanted(member))
    house.clock.moment = session.expires_at - timedelta(milliseconds=1)
    assert JOB.tick() == {}
    house.clock.moment = session.expires_at
    assert JOB.tick() == {"expire": 1}
    house.clock.advance(minutes=3)
    assert JOB.work_off(post) == []
    assert counts(house, member) == (0, 1)
    assert end_session(house.ctx, house.platform(), session.id).ended_at == session.expires_at
    assert JOB.tick() == {}


def test_what_is_enqueued_twice_is_done_once(house: House, post: World) -> None:
    member = with_share(house)
    start_session(house.ctx, house.platform(), wanted(member))
    house.clock.advance(hours=1)
    house.record(house.event(member, quantity=100, user_id=member.user_id))
    assert JOB.tick() == JOB.tick() == {"check": 1, "expire": 1, "late": 1}
    assert len(post.messages) == 4
    assert JOB.work_off(post) == []
    assert told(house, member) == ["You have used 100 % of your Tallybook quota"]
    assert house.account_of(member).running == 0


def test_a_session_that_the_platform_ended_first_is_left_as_it_ended(house: House, post: World) -> None:
    member, key = house.member(), house.platform()
    session = start_session(house.ctx, key, wanted(member))
    house.clock.advance(hours=1)
    JOB.tick()
    ended = end_session(house.ctx, key, session.id)
    house.clock.advance(minutes=1)
    assert JOB.work_off(post) == []
    assert end_session(house.ctx, key, session.id) == ended
    assert counts(house, member) == (0, 1)
    check_invariants(house)
