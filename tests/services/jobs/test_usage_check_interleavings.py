"""Another check, new usage or a revocation during a usage check: no mail is repeated and none is lost."""

import pytest

from tallybook.domain.accounts import User
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.jobs.due_tasks import due_tasks
from tallybook.services.jobs.usage_check import check_usage
from tallybook.services.quotas.allocations import revoke_allocation
from tests.services.jobs.usage_checks import GRACE, allocate_quota, is_dirty, percents, record_usage, run_checks
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
    revoked, _ = (allocate_quota(app, owner, user, cpu_seconds_monthly=100) for user in (grace, joan))
    for user in (grace, joan):
        record_usage(app, owner, user, "100")
    principal = authenticate(app.ctx, owner.session)
    ctx = interleave(app, "transact_write_items", lambda: revoke_allocation(app.ctx, principal, revoked.id))
    assert run_checks(app, ctx) == ["written to"]
    assert percents(app) == []
    assert percents(app, "joan@example.com") == [100]


def test_two_checks_at_once_write_one_mail(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    record_usage(app, owner, grace, "100")
    ctx = interleave(app, "transact_write_items", lambda: check_usage(app.ctx, owner.account.id))
    assert check_usage(ctx, owner.account.id) == []
    assert percents(app) == [100]
    assert not is_dirty(app)


def test_usage_during_the_check_is_left_to_the_next_check(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    record_usage(app, owner, grace, "80")
    ctx = interleave(app, "update_item", lambda: record_usage(app, owner, grace, "20"))
    run_checks(app, ctx)
    assert is_dirty(app)
    run_checks(app)
    assert not is_dirty(app)
    assert percents(app) == [80, 100]


def test_a_mark_cleared_and_set_again_during_the_check_is_kept(app: App, owner: Member, grace: User) -> None:
    allocate_quota(app, owner, grace, cpu_seconds_monthly=100)
    run_checks(app)
    record_usage(app, owner, grace, "80")

    def record_meanwhile() -> None:
        run_checks(app)
        record_usage(app, owner, grace, "20")

    run_checks(app, interleave(app, "update_item", record_meanwhile))
    assert is_dirty(app)
    run_checks(app)
    assert sorted(percents(app)) == [80, 100]


def test_an_account_in_constant_use_is_due_since_its_last_check(app: App, owner: Member, grace: User) -> None:
    """So a successful check is not reported as a missed one."""
    allocate_quota(app, owner, grace, cpu_seconds_monthly=1000)
    record_usage(app, owner, grace, "1")
    for _ in range(3):
        app.clock.advance(minutes=5)
        began = app.clock.now()

        def record_meanwhile() -> None:
            app.clock.advance(seconds=1)
            record_usage(app, owner, grace, "1")

        assert check_usage(interleave(app, "update_item", record_meanwhile), owner.account.id) == []
        (task,) = due_tasks(app.ctx, USAGE_CHECK)
        assert task.due == began
