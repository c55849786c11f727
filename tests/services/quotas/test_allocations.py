"""Shares of a plan: given, changed and taken by root users, and held to what the plan gives the account."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tallybook.domain.accounts import User
from tallybook.domain.audit import OPERATOR
from tallybook.domain.errors import Invalid
from tallybook.services.identity.authenticate import authenticate
from tallybook.services.quotas.allocations import (
    allocate,
    change_allocation,
    list_allocations,
    remove_allocation,
    revoke_allocation,
)
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.store import keys
from tallybook.store.accounts import read_user
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.shares import actions, caller, give_limits, share, team


def user_of(house: House, member: Member) -> User:
    return read_user(house.ctx.tables.get(keys.user(member.account.id, member.user.id)) or {})


def listed(house: House, root: Member, *, inactive: bool = True) -> list[str]:
    return [one.status for one in list_allocations(house.ctx, caller(house, root), include_inactive=inactive)]


def refused(call: Callable[[], Any]) -> tuple[str, str | None]:
    """Code and field of a 400."""
    with pytest.raises(Invalid) as told:
        call()
    return told.value.code, told.value.field


def test_a_share_is_its_users_from_when_it_is_given_until_it_is_taken(house: House) -> None:
    root, ada = team(house)
    given = allocate(house.ctx, caller(house, root), ada.user.id, {"cpu_seconds_monthly": 400, "ram_gb_seconds": None})
    assert (given.quota, given.status, given.allocated_by) == ({"cpu_seconds_monthly": 400}, "active", root.user.id)
    assert (user_of(house, ada).allocation_id, user_of(house, ada).quota) == (given.id, given.quota)
    house.clock.advance(minutes=1)
    new = {"cpu_seconds_monthly": None, "concurrent_sandboxes": 0}
    changed = change_allocation(house.ctx, caller(house, root), given.id, new)
    assert changed.quota == user_of(house, ada).quota == {"concurrent_sandboxes": 0}
    assert changed.updated_at - changed.created_at == timedelta(minutes=1)
    check_invariants(house)
    revoked = revoke_allocation(house.ctx, caller(house, root), given.id)
    assert (revoked.status, revoked.quota, user_of(house, ada).quota) == ("revoked", changed.quota, {})
    assert (listed(house, root), listed(house, root, inactive=False)) == (["revoked"], [])
    check_invariants(house)
    remove_allocation(house.ctx, caller(house, root), given.id)
    assert listed(house, root) == []
    words = ["created", "changed", "revoked", "deleted"]
    assert actions(house, root) == [f"quota_allocation.{word}" for word in words]
    check_invariants(house)


def test_an_active_share_that_is_deleted_is_given_back(house: House) -> None:
    root, ada = team(house)
    remove_allocation(house.ctx, caller(house, root), share(house, root, ada, cpu_seconds_monthly=1000).id)
    assert (user_of(house, ada).allocation_id, house.account_of(root).allocated) == (None, {})
    assert share(house, root, root, cpu_seconds_monthly=1000)
    check_invariants(house)


def test_a_user_has_one_share_and_another_after_it_is_revoked(house: House) -> None:
    root, ada = team(house)
    first = share(house, root, ada, cpu_seconds_monthly=1)
    assert refused(lambda: share(house, root, ada, ram_gb_seconds=1)) == ("allocation_exists", "user_id")
    revoke_allocation(house.ctx, caller(house, root), first.id)
    house.clock.advance(seconds=1)
    assert share(house, root, ada, ram_gb_seconds=1).id != first.id
    assert listed(house, root) == ["active", "revoked"]
    check_invariants(house)


def test_shares_add_up_to_the_plan_and_no_further(house: House) -> None:
    root, ada = team(house)
    mine, hers = share(house, root, root, cpu_seconds_monthly=600), share(house, root, ada, cpu_seconds_monthly=400)
    over = ("quota_exceeds_plan", "cpu_seconds_monthly")

    def change(allocation_id: str, amount: int | None) -> Callable[[], Any]:
        return lambda: change_allocation(
            house.ctx, caller(house, root), allocation_id, {"cpu_seconds_monthly": amount, "ram_gb_seconds": 10**15}
        )

    assert refused(change(hers.id, 401)) == over
    assert user_of(house, ada).quota == hers.quota
    change(mine.id, 599)()
    change(hers.id, 401)()
    assert refused(lambda: share(house, root, house.colleague(root), cpu_seconds_monthly=1)) == over
    change(mine.id, None)()
    change(hers.id, 1000)()
    check_invariants(house)


def test_what_a_plan_says_of_sandboxes_at_once_binds_shares_too(house: House) -> None:
    root = house.member()
    assert refused(lambda: share(house, root, root, concurrent_sandboxes=6)) == (
        "quota_exceeds_plan",
        "concurrent_sandboxes",
    )
    assert share(house, root, root, concurrent_sandboxes=5)


def test_the_plan_is_as_the_present_period_pinned_it(house: House) -> None:
    root, ada = team(house)
    give_limits(house, cpu_seconds_monthly=10)
    assert share(house, root, ada, cpu_seconds_monthly=1000)
    house.clock.moment = house.account_of(root).cycle.period.end
    principal = authenticate(house.ctx, root.api_key)
    assert refused(lambda: allocate(house.ctx, principal, root.user.id, {"cpu_seconds_monthly": 1})) == (
        "quota_exceeds_plan",
        "cpu_seconds_monthly",
    )


def test_a_smaller_plan_is_refused_while_shares_do_not_fit_it_unless_the_old_one_is_retired(house: House) -> None:
    give_limits(house, free_plan="pro", max_concurrent_sandboxes=5)
    root = house.member()
    before = share(house, root, root, concurrent_sandboxes=20)
    house.clock.advance(hours=1)
    assert refused(lambda: change_plan(house.ctx, house.account_of(root), "hobby", actor=OPERATOR, must_pay=False)) == (
        "quota_exceeds_plan",
        "plan_name",
    )
    change_plan(house.ctx, house.account_of(root), "hobby", actor=OPERATOR, must_pay=False, reason="plan_retired")
    assert user_of(house, root).quota == {"concurrent_sandboxes": 20}
    principal = caller(house, root)
    assert refused(lambda: change_allocation(house.ctx, principal, before.id, {"concurrent_sandboxes": 21}))[0] == (
        "quota_exceeds_plan"
    )
    smaller = {"concurrent_sandboxes": 19, "ram_gb_seconds": 3}
    assert change_allocation(house.ctx, principal, before.id, smaller).quota == smaller
    check_invariants(house)


def test_a_change_of_nothing_is_no_change(house: House) -> None:
    root, ada = team(house)
    one = share(house, root, ada, cpu_seconds_monthly=1)
    house.clock.advance(minutes=1)
    assert change_allocation(house.ctx, caller(house, root), one.id, {"cpu_seconds_monthly": 1}) == one
    assert actions(house, root) == ["quota_allocation.created"]
