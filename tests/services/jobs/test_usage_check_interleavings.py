"""While usage is looked at, others check, use and revoke: nobody is told twice, and nothing is passed over."""

import pytest

from tallybook.domain.accounts import User
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import check_usage
from tallybook.services.quotas.allocations import revoke_allocation
from tests.services.checks import GRACE, check, marked, percents, share, use
from tests.support.house import House, Member
from tests.support.race import racing


@pytest.fixture
def owner(house: House) -> Member:
    return house.member("ada@example.com")


@pytest.fixture
def grace(house: House, owner: Member) -> User:
    return house.invited(owner, GRACE)


def test_a_share_that_is_revoked_before_its_user_is_told_is_not_told_of_and_others_are(
    house: House, owner: Member, grace: User
) -> None:
    joan = house.invited(owner, "joan@example.com")
    revoked, _ = (share(house, owner, user, cpu_seconds_monthly=100) for user in (grace, joan))
    for user in (grace, joan):
        use(house, owner, user, "100")
    principal = authenticate(house.ctx, owner.session)
    ctx = racing(house, "transact_write_items", lambda: revoke_allocation(house.ctx, principal, revoked.id))
    assert check(house, ctx) == ["written to"]
    assert percents(house) == []
    assert percents(house, "joan@example.com") == [100]


def test_two_checks_at_once_write_once(house: House, owner: Member, grace: User) -> None:
    share(house, owner, grace, cpu_seconds_monthly=100)
    use(house, owner, grace, "100")
    ctx = racing(house, "transact_write_items", lambda: check_usage(house.ctx, owner.account.id))
    assert check_usage(ctx, owner.account.id) == []
    assert percents(house) == [100]
    assert not marked(house)


def test_usage_that_comes_during_the_check_is_left_to_the_next(house: House, owner: Member, grace: User) -> None:
    share(house, owner, grace, cpu_seconds_monthly=100)
    use(house, owner, grace, "80")
    ctx = racing(house, "update_item", lambda: use(house, owner, grace, "20"))
    check(house, ctx)
    assert marked(house)
    check(house)
    assert not marked(house)
    assert percents(house) == [80, 100]


def test_a_mark_that_was_taken_by_another_check_and_set_again_is_left_too(
    house: House, owner: Member, grace: User
) -> None:
    share(house, owner, grace, cpu_seconds_monthly=100)
    check(house)
    use(house, owner, grace, "80")

    def meanwhile() -> None:
        check(house)
        use(house, owner, grace, "20")

    check(house, racing(house, "update_item", meanwhile))
    assert marked(house)
    check(house)
    assert sorted(percents(house)) == [80, 100]


def test_an_account_that_is_used_all_the_time_is_due_since_its_last_check(
    house: House, owner: Member, grace: User
) -> None:
    """So that no check which succeeds is taken for one that was missed."""
    share(house, owner, grace, cpu_seconds_monthly=1000)
    use(house, owner, grace, "1")
    for _ in range(3):
        house.clock.advance(minutes=5)
        began = house.clock.now()

        def meanwhile() -> None:
            house.clock.advance(seconds=1)
            use(house, owner, grace, "1")

        assert check_usage(racing(house, "update_item", meanwhile), owner.account.id) == []
        (task,) = due_tasks(house.ctx, USAGE_CHECK)
        assert task.due == began
