"""Shares of the account's plan for single users, given and taken by its root users. A user has one at most; one that
was revoked stays in the list until it is deleted. Source: ScaleBox account management, "User Quota Administration".
"""

from collections.abc import Mapping
from dataclasses import replace

from tallybook.domain.accounts import Account, require_root
from tallybook.domain.audit import caller
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import NotFound
from tallybook.domain.quotas import Allocation, check_active, check_numbers, limited, second_allocation
from tallybook.services.changes import decided, recorded
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.lookup import live_user
from tallybook.services.quotas.allocation_changes import Shared, new_share, other_share, removed_share, without_share
from tallybook.services.quotas.consumption import plan_of
from tallybook.store import keys
from tallybook.store.accounts import still_root
from tallybook.store.commands import Item
from tallybook.store.quotas import read_allocation

type Wish = Mapping[str, int | None]


def list_allocations(ctx: Context, who: Principal, *, include_inactive: bool) -> list[Allocation]:
    """Newest first, at most 1,000; for root users."""
    require_root(who.user)
    return [one for one in all_allocations(ctx, who.account.id) if include_inactive or one.status == "active"]


def allocate(ctx: Context, who: Principal, user_id: str, quota: Wish) -> Allocation:
    """A share for a user who has none. Invalid `allocation_exists`, `quota_exceeds_plan`; NotFound for the user."""
    require_root(who.user)
    check_numbers(quota)
    user_key = keys.user(who.account.id, user_id)

    def make(who: Principal) -> Allocation:
        require_root(who.user)
        now = ctx.clock.now()
        plan, items = plan_of(ctx, who.account, now=now, also=[user_key])
        user = live_user(items.get(user_key))
        if user.share is not None:
            raise second_allocation()
        allocation = Allocation(
            id=ctx.new_id(now),
            account_id=who.account.id,
            user_id=user.id,
            allocated_by=who.user.id,
            quota=limited(quota),
            created_at=now,
            updated_at=now,
        )
        _write(ctx, who, new_share(who.account, allocation, plan=plan, actor=caller(who)))
        return allocation

    return decided(ctx, who, make, again=lambda: reread(ctx, who))


def change_allocation(ctx: Context, who: Principal, allocation_id: str, quota: Wish) -> Allocation:
    """Other numbers in the fields named, null for no limit of its own; the others stay.

    Invalid `allocation_not_active`, `quota_exceeds_plan`; NotFound.
    """
    require_root(who.user)
    check_numbers(quota)
    own = keys.allocation(who.account.id, allocation_id)

    def change(who: Principal) -> Allocation:
        require_root(who.user)
        now = ctx.clock.now()
        plan, items = plan_of(ctx, who.account, now=now, also=[own])
        before = _known(items.get(own))
        check_active(before)
        after = replace(before, quota=limited({**before.quota, **quota}), updated_at=now)
        if after.quota == before.quota:
            return before
        shared = other_share(who.account, before.share, after.quota, plan=plan, actor=caller(who), now=now)
        _write(ctx, who, shared)
        return after

    return decided(ctx, who, change, again=lambda: reread(ctx, who))


def revoke_allocation(ctx: Context, who: Principal, allocation_id: str) -> Allocation:
    """The allocation, inactive from now on. Invalid `allocation_not_active`; NotFound."""
    require_root(who.user)

    def revoke(who: Principal) -> Allocation:
        require_root(who.user)
        before = find_allocation(ctx, who.account, allocation_id)
        check_active(before)
        now = ctx.clock.now()
        _write(ctx, who, without_share(who.account, before.share, actor=caller(who), now=now))
        return replace(before, status="revoked", updated_at=now)

    return decided(ctx, who, revoke, again=lambda: reread(ctx, who))


def remove_allocation(ctx: Context, who: Principal, allocation_id: str) -> None:
    """The allocation is gone, and with an active one its user's share. NotFound."""
    require_root(who.user)

    def remove(who: Principal) -> None:
        require_root(who.user)
        allocation = find_allocation(ctx, who.account, allocation_id)
        _write(ctx, who, removed_share(who.account, allocation, actor=caller(who)))

    decided(ctx, who, remove, again=lambda: reread(ctx, who))


def all_allocations(ctx: Context, account_id: str) -> list[Allocation]:
    """Newest first, at most 1,000."""
    prefix = keys.ALLOCATIONS
    items = ctx.tables.query("core", keys.account(account_id).pk, start=prefix, end=f"{prefix}~", newest_first=True)
    return [read_allocation(item) for item in items]


def find_allocation(ctx: Context, account: Account, allocation_id: str) -> Allocation:
    return _known(ctx.tables.get(keys.allocation(account.id, allocation_id)))


def _known(item: Item | None) -> Allocation:
    if item is None:
        raise NotFound("There is no such quota allocation", resource="quota allocation")
    return read_allocation(item)


def _write(ctx: Context, who: Principal, shared: Shared) -> None:
    record = recorded(who.account, shared.change, at=ctx.clock.now())
    ctx.tables.transact([*shared.commands, still_root(who.user), *record])
