"""Root users give, change and revoke allocations, within the account's plan."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tallybook.domain.audit import OPERATOR
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.quotas.allocations import (
    allocate,
    change_allocation,
    list_allocations,
    remove_allocation,
    revoke_allocation,
)
from tallybook.services.subscriptions.change_plan import change_plan
from tests.support.allocations import (
    allocate_to,
    catch_invalid,
    create_team,
    principal_of,
    quota_actions,
    read_user_of,
    set_plan_limits,
)
from tests.support.app import App, Member
from tests.support.invariants import check_invariants


def list_ids(app: App, root: Member, *, inactive: bool = True) -> list[str]:
    return [one.status for one in list_allocations(app.ctx, principal_of(app, root), include_inactive=inactive)]


def test_an_allocation_limits_its_user_until_it_is_revoked(app: App) -> None:
    root, ada = create_team(app)
    given = allocate(
        app.ctx, principal_of(app, root), ada.user.id, {"cpu_seconds_monthly": 400, "ram_gb_seconds": None}
    )
    assert (given.quota, given.status, given.allocated_by) == ({"cpu_seconds_monthly": 400}, "active", root.user.id)
    assert (read_user_of(app, ada).allocation_id, read_user_of(app, ada).quota) == (given.id, given.quota)
    app.clock.advance(minutes=1)
    new = {"cpu_seconds_monthly": None, "concurrent_sandboxes": 0}
    changed = change_allocation(app.ctx, principal_of(app, root), given.id, new)
    assert changed.quota == read_user_of(app, ada).quota == {"concurrent_sandboxes": 0}
    assert changed.updated_at - changed.created_at == timedelta(minutes=1)
    check_invariants(app)
    revoked = revoke_allocation(app.ctx, principal_of(app, root), given.id)
    assert (revoked.status, revoked.quota, read_user_of(app, ada).quota) == ("revoked", changed.quota, {})
    assert (list_ids(app, root), list_ids(app, root, inactive=False)) == (["revoked"], [])
    check_invariants(app)
    remove_allocation(app.ctx, principal_of(app, root), given.id)
    assert list_ids(app, root) == []
    words = ["created", "changed", "revoked", "deleted"]
    assert quota_actions(app, root) == [f"quota_allocation.{action}" for action in words]
    check_invariants(app)


def test_deleting_an_active_allocation_frees_its_quota(app: App) -> None:
    root, ada = create_team(app)
    remove_allocation(app.ctx, principal_of(app, root), allocate_to(app, root, ada, cpu_seconds_monthly=1000).id)
    assert (read_user_of(app, ada).allocation_id, app.account_of(root).allocated) == (None, {})
    assert allocate_to(app, root, root, cpu_seconds_monthly=1000)
    check_invariants(app)


def test_a_user_has_one_active_allocation_at_a_time(app: App) -> None:
    root, ada = create_team(app)
    first = allocate_to(app, root, ada, cpu_seconds_monthly=1)
    assert catch_invalid(lambda: allocate_to(app, root, ada, ram_gb_seconds=1)) == ("allocation_exists", "user_id")
    revoke_allocation(app.ctx, principal_of(app, root), first.id)
    app.clock.advance(seconds=1)
    assert allocate_to(app, root, ada, ram_gb_seconds=1).id != first.id
    assert list_ids(app, root) == ["active", "revoked"]
    check_invariants(app)


def test_allocations_add_up_to_at_most_the_plan(app: App) -> None:
    root, ada = create_team(app)
    own, adas = (
        allocate_to(app, root, root, cpu_seconds_monthly=600),
        allocate_to(app, root, ada, cpu_seconds_monthly=400),
    )
    over = ("quota_exceeds_plan", "cpu_seconds_monthly")

    def change(allocation_id: str, amount: int | None) -> Callable[[], Any]:
        return lambda: change_allocation(
            app.ctx, principal_of(app, root), allocation_id, {"cpu_seconds_monthly": amount, "ram_gb_seconds": 10**15}
        )

    assert catch_invalid(change(adas.id, 401)) == over
    assert read_user_of(app, ada).quota == adas.quota
    change(own.id, 599)()
    change(adas.id, 401)()
    assert catch_invalid(lambda: allocate_to(app, root, app.colleague(root), cpu_seconds_monthly=1)) == over
    change(own.id, None)()
    change(adas.id, 1000)()
    check_invariants(app)


def test_a_plans_concurrency_limit_bounds_allocations(app: App) -> None:
    root = app.member()
    assert catch_invalid(lambda: allocate_to(app, root, root, concurrent_sandboxes=6)) == (
        "quota_exceeds_plan",
        "concurrent_sandboxes",
    )
    assert allocate_to(app, root, root, concurrent_sandboxes=5)


def test_the_plan_is_the_one_that_the_present_period_pinned(app: App) -> None:
    root, ada = create_team(app)
    set_plan_limits(app, cpu_seconds_monthly=10)
    assert allocate_to(app, root, ada, cpu_seconds_monthly=1000)
    app.clock.moment = app.account_of(root).closing_cursor.period.end
    principal = authenticate(app.ctx, root.api_key)
    assert catch_invalid(lambda: allocate(app.ctx, principal, root.user.id, {"cpu_seconds_monthly": 1})) == (
        "quota_exceeds_plan",
        "cpu_seconds_monthly",
    )


def test_a_plan_too_small_for_allocations_is_refused_unless_retired(app: App) -> None:
    set_plan_limits(app, free_plan="pro", max_concurrent_sandboxes=5)
    root = app.member()
    before = allocate_to(app, root, root, concurrent_sandboxes=20)
    app.clock.advance(hours=1)
    assert catch_invalid(
        lambda: change_plan(app.ctx, app.account_of(root), "hobby", actor=OPERATOR, must_pay=False)
    ) == (
        "quota_exceeds_plan",
        "plan_name",
    )
    change_plan(app.ctx, app.account_of(root), "hobby", actor=OPERATOR, must_pay=False, reason="plan_retired")
    assert read_user_of(app, root).quota == {"concurrent_sandboxes": 20}
    principal = principal_of(app, root)
    assert catch_invalid(lambda: change_allocation(app.ctx, principal, before.id, {"concurrent_sandboxes": 21}))[0] == (
        "quota_exceeds_plan"
    )
    smaller = {"concurrent_sandboxes": 19, "ram_gb_seconds": 3}
    assert change_allocation(app.ctx, principal, before.id, smaller).quota == smaller
    check_invariants(app)


def test_a_change_without_a_difference_is_not_recorded(app: App) -> None:
    root, ada = create_team(app)
    one = allocate_to(app, root, ada, cpu_seconds_monthly=1)
    app.clock.advance(minutes=1)
    assert change_allocation(app.ctx, principal_of(app, root), one.id, {"cpu_seconds_monthly": 1}) == one
    assert quota_actions(app, root) == ["quota_allocation.created"]
