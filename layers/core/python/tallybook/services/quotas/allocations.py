"""Root users allocate parts of the plan's quota to users of the account.

A user has at most one active allocation; revoked ones stay in the list until they are deleted. Source: ScaleBox account
management, "User Quota Administration".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tallybook.domain.accounts import Account, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import NotFound
from tallybook.domain.idempotency import Present
from tallybook.domain.quotas import Allocation, allocation_exists, check_active, check_numbers, without_nulls
from tallybook.services.changes import record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.kept_answers import keep_answer
from tallybook.services.lookup import live_user
from tallybook.services.quotas.allocation_changes import (
    QuotaChange,
    prepare_creation,
    prepare_deletion,
    prepare_new_quota,
    prepare_revocation,
)
from tallybook.services.quotas.consumption import read_plan
from tallybook.store import keys
from tallybook.store.commands import Command, Item
from tallybook.store.quotas import read_allocation
from tallybook.store.users import check_still_root

type RequestedQuota = Mapping[str, int | None]
"""Limits as sent; None for a field that is not limited."""


def list_allocations(ctx: Context, principal: Principal, *, include_inactive: bool) -> list[Allocation]:
    """Newest first, at most 1,000; for root users."""
    require_root(principal.user)
    return [one for one in all_allocations(ctx, principal.account.id) if include_inactive or one.status == "active"]


def allocate(
    ctx: Context,
    principal: Principal,
    user_id: str,
    quota: RequestedQuota,
    *,
    present: Present[Allocation] | None = None,
) -> Allocation:
    """Allocate a quota to a user. Invalid `allocation_exists`, `quota_exceeds_plan`; NotFound for the user."""
    require_root(principal.user)
    check_numbers(quota)
    user_key = keys.user(principal.account.id, user_id)

    def create(principal: Principal) -> Allocation:
        require_root(principal.user)
        now = ctx.clock.now()
        plan, items = read_plan(ctx, principal.account, now=now, also=[user_key])
        user = live_user(items.get(user_key))
        if user.allocation is not None:
            raise allocation_exists()
        allocation = new_allocation(ctx, principal, user.id, without_nulls(quota), now=now)
        creation = prepare_creation(principal.account, allocation, plan=plan, actor=actor_of(principal))
        _write(ctx, principal, creation, *keep_answer(ctx, principal.keyed, present, allocation, at=now))
        return allocation

    return retry_on_conflict(ctx, create, principal, reload=lambda: reread(ctx, principal))


def change_allocation(ctx: Context, principal: Principal, allocation_id: str, quota: RequestedQuota) -> Allocation:
    """Change the limits of the fields sent, null for no limit; the other fields stay.

    Invalid `allocation_not_active`, `quota_exceeds_plan`; NotFound.
    """
    require_root(principal.user)
    check_numbers(quota)
    allocation_key = keys.allocation(principal.account.id, allocation_id)

    def change_quota(principal: Principal) -> Allocation:
        require_root(principal.user)
        now = ctx.clock.now()
        plan, items = read_plan(ctx, principal.account, now=now, also=[allocation_key])
        before = _require_allocation(items.get(allocation_key))
        check_active(before)
        after = replace(before, quota=without_nulls({**before.quota, **quota}), updated_at=now)
        if after.quota == before.quota:
            return before
        change = prepare_new_quota(
            principal.account, before.user_allocation, after.quota, plan=plan, actor=actor_of(principal), now=now
        )
        _write(ctx, principal, change)
        return after

    return retry_on_conflict(ctx, change_quota, principal, reload=lambda: reread(ctx, principal))


def revoke_allocation(ctx: Context, principal: Principal, allocation_id: str) -> Allocation:
    """End an active allocation. Invalid `allocation_not_active`; NotFound."""
    require_root(principal.user)

    def revoke(principal: Principal) -> Allocation:
        require_root(principal.user)
        before = find_allocation(ctx, principal.account, allocation_id)
        check_active(before)
        now = ctx.clock.now()
        change = prepare_revocation(principal.account, before.user_allocation, actor=actor_of(principal), now=now)
        _write(ctx, principal, change)
        return replace(before, status="revoked", updated_at=now)

    return retry_on_conflict(ctx, revoke, principal, reload=lambda: reread(ctx, principal))


def remove_allocation(ctx: Context, principal: Principal, allocation_id: str) -> None:
    """Delete an allocation, active or revoked. NotFound."""
    require_root(principal.user)

    def remove(principal: Principal) -> None:
        require_root(principal.user)
        allocation = find_allocation(ctx, principal.account, allocation_id)
        _write(ctx, principal, prepare_deletion(principal.account, allocation, actor=actor_of(principal)))

    retry_on_conflict(ctx, remove, principal, reload=lambda: reread(ctx, principal))


def all_allocations(ctx: Context, account_id: str) -> list[Allocation]:
    """Newest first, at most 1,000."""
    prefix = keys.ALLOCATIONS
    items = ctx.tables.query("core", keys.account(account_id).pk, start=prefix, end=f"{prefix}~", newest_first=True)
    return [read_allocation(item) for item in items]


def find_allocation(ctx: Context, account: Account, allocation_id: str) -> Allocation:
    """The allocation; NotFound if there is none."""
    return _require_allocation(ctx.tables.get(keys.allocation(account.id, allocation_id)))


def new_allocation(
    ctx: Context, principal: Principal, user_id: str, quota: Mapping[str, int], *, now: datetime
) -> Allocation:
    """An active allocation with a new id, allocated by the principal; nothing is written."""
    return Allocation(
        id=ctx.new_id(now),
        account_id=principal.account.id,
        user_id=user_id,
        allocated_by=principal.user.id,
        quota=quota,
        created_at=now,
        updated_at=now,
    )


def _require_allocation(item: Item | None) -> Allocation:
    if item is None:
        raise NotFound("There is no such quota allocation", resource="quota allocation")
    return read_allocation(item)


def _write(ctx: Context, principal: Principal, change: QuotaChange, *more: Command) -> None:
    audit = record(principal.account, change.change, at=ctx.clock.now())
    ctx.tables.transact([*change.commands, check_still_root(principal.user), *audit, *more])
