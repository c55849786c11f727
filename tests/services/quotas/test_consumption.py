"""The use and limits of each quota field in the present period, for a user and for the account."""

from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.errors import Forbidden, NotFound
from tallybook.domain.quotas import FIELDS, MONTHLY, UserQuota
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.metering.sessions import start_session
from tallybook.services.quotas.allocations import revoke_allocation
from tallybook.services.quotas.consumption import read_plan, read_quota_use
from tallybook.services.quotas.user_quota import read_allocation_quota, read_own_quota
from tests.support.allocations import allocate_to, create_team, principal_of, set_plan_limits
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.sessions import session_request


def used(quota: UserQuota) -> dict[str, Decimal]:
    return {use.field: use.used for use in quota.uses if use.used}


def limits(quota: UserQuota) -> dict[str, int]:
    return {use.field: use.limit for use in quota.uses if use.limit is not None}


def own_quota(app: App, member: Member) -> UserQuota:
    return read_own_quota(app.ctx, authenticate(app.ctx, member.api_key))


def record(app: App, user: Member, *quantities: tuple[str, Any], **more: Any) -> None:
    events = [app.event(user, meter=meter, quantity=quantity, **more) for meter, quantity in quantities]
    assert {result.status for result in app.record(*events)} == {"accepted"}


def test_each_field_counts_its_own_meter_for_the_user(app: App) -> None:
    root, ada = create_team(app)
    allocation = allocate_to(app, root, ada, cpu_seconds_monthly=400, concurrent_sandboxes=2)
    amounts = {name: Decimal(number) / 8 for number, name in enumerate(MONTHLY, 1)}
    record(app, root, *((MONTHLY[name], str(amount)) for name, amount in amounts.items()), user_id=ada.user_id)
    record(app, root, ("cpu_seconds", 500))
    record(app, root, ("container_minutes", 5), sku="S", user_id=ada.user_id)
    start_session(app.ctx, app.platform(), session_request(ada))
    found = own_quota(app, ada)
    assert [use.field for use in found.uses] == list(FIELDS)
    assert used(found) == amounts | {"concurrent_sandboxes": 1}
    assert limits(found) == {"cpu_seconds_monthly": 400, "concurrent_sandboxes": 2}
    assert found.period == app.account_of(root).closing_cursor.period
    assert found == read_allocation_quota(app.ctx, principal_of(app, root), allocation.id)
    assert used(own_quota(app, root)) == {}
    check_invariants(app)


def test_a_new_period_starts_with_no_use_and_the_same_allocations(app: App) -> None:
    root, ada = create_team(app)
    allocate_to(app, root, ada, cpu_seconds_monthly=400)
    record(app, root, ("cpu_seconds", 7), user_id=ada.user_id)
    last = app.account_of(root).closing_cursor.period.end
    app.clock.moment = last
    record(app, root, ("cpu_seconds", 2), user_id=ada.user_id)
    assert used(own_quota(app, ada)) == {"cpu_seconds_monthly": 2}
    assert limits(own_quota(app, ada)) == {"cpu_seconds_monthly": 400}
    check_invariants(app)


def test_template_storage_is_the_latest_full_hour_not_a_sum(app: App) -> None:
    member = app.member()
    for quantity in (30, 20):
        record(app, member, ("template_storage_gb_hours", quantity), user_id=member.user_id)
        app.clock.advance(hours=1)
    assert used(own_quota(app, member)) == {"template_storage_gb": 20}
    record(app, member, ("template_storage_gb_hours", 1), user_id=member.user_id)
    assert used(own_quota(app, member)) == {"template_storage_gb": 20}
    app.clock.advance(hours=1)
    assert used(own_quota(app, member)) == {"template_storage_gb": 1}
    app.clock.advance(hours=3)
    assert used(own_quota(app, member)) == {}
    check_invariants(app)


def test_an_account_without_limits_reads_only_its_period_key(app: App) -> None:
    member = app.member()
    app.meter.clear()
    use = read_quota_use(app.ctx, member.account, {member.user.id: {}}, now=app.clock.now())
    assert (use.plan.name, use.account["cpu_seconds_monthly"]) == ("hobby", 0)
    assert (app.meter.calls, app.meter.read_units) == (1, 1)


@pytest.mark.parametrize("shards", [1, 3])
def test_all_shards_of_a_period_add_up_after_a_change_of_their_number(app: App, shards: int) -> None:
    app.reshape(usage_shards=3)
    member = app.member()
    for _ in range(12):
        record(app, member, ("cpu_seconds", 5), user_id=member.user_id)
    assert len([item for item in app.stored("usage") if item["sk"].startswith("user#")]) > 1
    app.reshape(usage_shards=shards)
    quotas = {member.user.id: {"cpu_seconds_monthly": 100}}
    use = read_quota_use(app.ctx, member.account, quotas, now=app.clock.now())
    assert use.account["cpu_seconds_monthly"] == use.users[member.user.id]["cpu_seconds_monthly"] == 60


def test_limits_are_of_the_plan_that_the_period_pinned(app: App) -> None:
    set_plan_limits(app, ram_gb_seconds=7)
    member = app.member()
    set_plan_limits(app, ram_gb_seconds=5)
    now, end = app.clock.now(), member.account.closing_cursor.period.end
    assert read_plan(app.ctx, member.account, now=now)[0].quotas["ram_gb_seconds"] == 7
    assert read_quota_use(app.ctx, member.account, {}, now=now).plan.quotas["ram_gb_seconds"] == 7
    assert read_plan(app.ctx, member.account, now=end)[0].quotas["ram_gb_seconds"] == 5
    assert read_quota_use(app.ctx, member.account, {}, now=end).plan.quotas["ram_gb_seconds"] == 5


def test_root_users_may_read_the_use_of_an_active_allocation(app: App) -> None:
    root, ada = create_team(app)
    one = allocate_to(app, root, ada, cpu_seconds_monthly=400)
    with pytest.raises(Forbidden):
        read_allocation_quota(app.ctx, principal_of(app, ada), one.id)
    with pytest.raises(NotFound):
        read_allocation_quota(app.ctx, principal_of(app, root)._replace(account=app.member().account), one.id)
    revoke_allocation(app.ctx, principal_of(app, root), one.id)
    with pytest.raises(NotFound):
        read_allocation_quota(app.ctx, principal_of(app, root), one.id)
