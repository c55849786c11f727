"""Shares of the account's plan for single users, given and taken by its root users. A user has one at most; one that
was revoked stays in the list until it is deleted. Source: ScaleBox account management, "User Quota Administration".
"""

from collections.abc import Mapping
from dataclasses import replace

from tallybook.domain.accounts import Account, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import NotFound
from tallybook.domain.quotas import Allocation, check_active, check_numbers, limited, second_allocation
from tallybook.services.changes import record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.lookup import live_user
from tallybook.services.quotas.allocation_changes import Shared, new_share, other_share, removed_share, without_share
from tallybook.services.quotas.consumption import plan_of
from tallybook.store import keys
from tallybook.store.accounts import check_still_root
from tallybook.store.commands import Item
from tallybook.store.quotas import read_allocation

type RequestedQuota = Mapping[str, int | None]


def list_allocations(ctx: Context, principal: Principal, *, include_inactive: bool) -> list[Allocation]:
    """Newest first, at most 1,000; for root users."""
    require_root(principal.user)
    return [one for one in all_allocations(ctx, principal.account.id) if include_inactive or one.status == "active"]


def allocate(ctx: Context, principal: Principal, user_id: str, quota: RequestedQuota) -> Allocation:
    """A share for a user who has none. Invalid `allocation_exists`, `quota_exceeds_plan`; NotFound for the user."""
    require_root(principal.user)
    check_numbers(quota)
    user_key = keys.user(principal.account.id, user_id)

    def make(principal: Principal) -> Allocation:
        require_root(principal.user)
        now = ctx.clock.now()
        plan, items = plan_of(ctx, principal.account, now=now, also=[user_key])
        user = live_user(items.get(user_key))
        if user.share is not None:
            raise second_allocation()
        allocation = Allocation(
            id=ctx.new_id(now),
            account_id=principal.account.id,
            user_id=user.id,
            allocated_by=principal.user.id,
            quota=limited(quota),
            created_at=now,
            updated_at=now,
        )
        _write(ctx, principal, new_share(principal.account, allocation, plan=plan, actor=actor_of(principal)))
        return allocation

    return retry_on_conflict(ctx, make, principal, reload=lambda: reread(ctx, principal))


def change_allocation(ctx: Context, principal: Principal, allocation_id: str, quota: RequestedQuota) -> Allocation:
    """Other numbers in the fields named, null for no limit of its own; the others stay.

    Invalid `allocation_not_active`, `quota_exceeds_plan`; NotFound.
    """
    require_root(principal.user)
    check_numbers(quota)
    own = keys.allocation(principal.account.id, allocation_id)

    def change(principal: Principal) -> Allocation:
        require_root(principal.user)
        now = ctx.clock.now()
        plan, items = plan_of(ctx, principal.account, now=now, also=[own])
        before = _known(items.get(own))
        check_active(before)
        after = replace(before, quota=limited({**before.quota, **quota}), updated_at=now)
        if after.quota == before.quota:
            return before
        shared = other_share(
            principal.account, before.share, after.quota, plan=plan, actor=actor_of(principal), now=now
        )
        _write(ctx, principal, shared)
        return after

    return retry_on_conflict(ctx, change, principal, reload=lambda: reread(ctx, principal))


def revoke_allocation(ctx: Context, principal: Principal, allocation_id: str) -> Allocation:
    """The allocation, inactive from now on. Invalid `allocation_not_active`; NotFound."""
    require_root(principal.user)

    def revoke(principal: Principal) -> Allocation:
        require_root(principal.user)
        before = find_allocation(ctx, principal.account, allocation_id)
        check_active(before)
        now = ctx.clock.now()
        _write(ctx, principal, without_share(principal.account, before.share, actor=actor_of(principal), now=now))
        return replace(before, status="revoked", updated_at=now)

    return retry_on_conflict(ctx, revoke, principal, reload=lambda: reread(ctx, principal))


def remove_allocation(ctx: Context, principal: Principal, allocation_id: str) -> None:
    """The allocation is gone, and with an active one its user's share. NotFound."""
    require_root(principal.user)

    def remove(principal: Principal) -> None:
        require_root(principal.user)
        allocation = find_allocation(ctx, principal.account, allocation_id)
        _write(ctx, principal, removed_share(principal.account, allocation, actor=actor_of(principal)))

    retry_on_conflict(ctx, remove, principal, reload=lambda: reread(ctx, principal))


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


def _write(ctx: Context, principal: Principal, shared: Shared) -> None:
    audit = record(principal.account, shared.change, at=ctx.clock.now())
    ctx.tables.transact([*shared.commands, check_still_root(principal.user), *audit])
