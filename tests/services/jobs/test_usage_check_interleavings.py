"""While usage is looked at, others check, use and revoke: nobody is told twice, and nothing is passed over."""

import pytest

from tallybook.domain.accounts import User
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import check_usage
from tallybook.services.quotas.allocations import revoke_allocation
from tests.services.checks import GRACE, check, marked, percents, share, use
from tests.support.app import App, Member
from tests.support.race import interleave


@pytest.fixture
def owner(app: App) -> Member:
    return app.member("ada@example.com")


@pytest.fixture
def grace(app: App, owner: Member) -> User:
    return app.invite(owner, GRACE)


def test_a_revoked_allocation_is_not_notified_and_others_are(app: App, owner: Member, grace: User) -> None:
    joan = app.invite(owner, "joan@example.com")
    revoked, _ = (share(app, owner, user, cpu_seconds_monthly=100) for user in (grace, joan))
    for user in (grace, joan):
        use(app, owner, user, "100")
    principal = authenticate(app.ctx, owner.session)
    ctx = interleave(app, "transact_write_items", lambda: revoke_allocation(app.ctx, principal, revoked.id))
    assert check(app, ctx) == ["written to"]
    assert percents(app) == []
    assert percents(app, "joan@example.com") == [100]


def test_two_checks_at_once_write_once(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100)
    use(app, owner, grace, "100")
    ctx = interleave(app, "transact_write_items", lambda: check_usage(app.ctx, owner.account.id))
    assert check_usage(ctx, owner.account.id) == []
    assert percents(app) == [100]
    assert not marked(app)


def test_usage_that_comes_during_the_check_is_left_to_the_next(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100)
    use(app, owner, grace, "80")
    ctx = interleave(app, "update_item", lambda: use(app, owner, grace, "20"))
    check(app, ctx)
    assert marked(app)
    check(app)
    assert not marked(app)
    assert percents(app) == [80, 100]


def test_a_mark_that_was_taken_by_another_check_and_set_again_is_left_too(app: App, owner: Member, grace: User) -> None:
    share(app, owner, grace, cpu_seconds_monthly=100)
    check(app)
    use(app, owner, grace, "80")

    def meanwhile() -> None:
        check(app)
        use(app, owner, grace, "20")

    check(app, interleave(app, "update_item", meanwhile))
    assert marked(app)
    check(app)
    assert sorted(percents(app)) == [80, 100]


def test_an_account_that_is_used_all_the_time_is_due_since_its_last_check(app: App, owner: Member, grace: User) -> None:
    """So that no check which succeeds is taken for one that was missed."""
    share(app, owner, grace, cpu_seconds_monthly=1000)
    use(app, owner, grace, "1")
    for _ in range(3):
        app.clock.advance(minutes=5)
        began = app.clock.now()

        def meanwhile() -> None:
            app.clock.advance(seconds=1)
            use(app, owner, grace, "1")

        assert check_usage(interleave(app, "update_item", meanwhile), owner.account.id) == []
        (task,) = due_tasks(app.ctx, USAGE_CHECK)
        assert task.due == began
