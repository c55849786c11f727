"""Shares of the account's plan for single users, given and taken by its root users.

What the active allocations add up to is part of the account, so that each change is held to the plan in its own
transaction; a user's share is part of the user, so that a session's start reads it with them. A user has one active
allocation at most; one that was revoked stays in the list until it is deleted. Source: ScaleBox account management.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account, User, require_root
from tallybook.domain.audit import Actor, caller
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import NotFound
from tallybook.domain.ids import ALLOCATION, USER
from tallybook.domain.quota_announcements import quota_allocation_changed
from tallybook.domain.quotas import (
    MAX_ALLOCATIONS,
    Allocation,
    Quota,
    check_active,
    check_fits,
    check_numbers,
    limited,
    second_allocation,
    too_many,
    with_sums,
)
from tallybook.domain.times import stamp
from tallybook.services.authenticate import reread
from tallybook.services.change_user import find_user
from tallybook.services.changes import Change, decided, recorded
from tallybook.services.context import Context
from tallybook.services.quota_use import plan_in_force
from tallybook.store import keys
from tallybook.store.accounts import still_root
from tallybook.store.commands import Command
from tallybook.store.events import mark_dirty
from tallybook.store.quotas import (
    delete_allocation,
    put_allocation,
    read_allocation,
    set_allocated,
    set_allocation,
    set_share,
)

type Wish = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Shared:
    """A change of a user's share as it is written: the allocation then, the account, the commands and the record."""

    allocation: Allocation
    commands: tuple[Command, ...]
    change: Change


def list_allocations(ctx: Context, who: Principal, *, include_inactive: bool) -> list[Allocation]:
    """Newest first, at most 1,000; for root users."""
    require_root(who.user)
    return [one for one in all_allocations(ctx, who.account.id) if include_inactive or one.status == "active"]


def allocate(ctx: Context, who: Principal, user_id: str, quota: Wish) -> Allocation:
    """A share for a user who has none. Invalid `allocation_exists`, `quota_exceeds_plan`; NotFound for the user."""
    require_root(who.user)
    check_numbers(quota)

    def make(who: Principal) -> Allocation:
        require_root(who.user)
        user = find_user(ctx, who.account, user_id)
        if user.allocation_id is not None:
            raise second_allocation()
        now = ctx.clock.now()
        shared = new_share(ctx, who.account, user, limited(quota), by=who.user.id, actor=caller(who), now=now)
        return _written(ctx, who, shared, now)

    return decided(ctx, who, make, again=lambda: reread(ctx, who))


def change_allocation(ctx: Context, who: Principal, allocation_id: str, quota: Wish) -> Allocation:
    """Other numbers in the fields named, null for no limit of its own; the others stay.

    Invalid `allocation_not_active`, `quota_exceeds_plan`; NotFound.
    """
    require_root(who.user)
    check_numbers(quota)

    def change(who: Principal) -> Allocation:
        require_root(who.user)
        before = find_allocation(ctx, who.account, allocation_id)
        check_active(before)
        user = find_user(ctx, who.account, before.user_id)
        now = ctx.clock.now()
        after = limited({**before.quota, **quota})
        if after == before.quota:
            return before
        return _written(ctx, who, other_share(ctx, who.account, user, before, after, actor=caller(who), now=now), now)

    return decided(ctx, who, change, again=lambda: reread(ctx, who))


def revoke_allocation(ctx: Context, who: Principal, allocation_id: str) -> Allocation:
    """The allocation, inactive from now on. Invalid `allocation_not_active`; NotFound."""
    require_root(who.user)

    def revoke(who: Principal) -> Allocation:
        require_root(who.user)
        before = find_allocation(ctx, who.account, allocation_id)
        check_active(before)
        user = find_user(ctx, who.account, before.user_id)
        now = ctx.clock.now()
        return _written(ctx, who, without_share(who.account, user, before, actor=caller(who), now=now), now)

    return decided(ctx, who, revoke, again=lambda: reread(ctx, who))


def remove_allocation(ctx: Context, who: Principal, allocation_id: str) -> None:
    """The allocation is gone, and with an active one its user's share. NotFound."""
    require_root(who.user)

    def remove(who: Principal) -> None:
        require_root(who.user)
        account, now = who.account, ctx.clock.now()
        allocation = find_allocation(ctx, account, allocation_id)
        active = allocation.status == "active"
        sums = with_sums(account.allocated, less=allocation.quota, more={}) if active else account.allocated
        share: tuple[Command, ...] = ()
        if active:
            share = (set_share(find_user(ctx, account, allocation.user_id), allocation_id=None, quota={}),)
        told = _told(allocation, before=allocation, after=None, actor=caller(who), action="quota_allocation.deleted")
        ctx.tables.transact(
            [
                delete_allocation(allocation),
                set_allocated(account, allocated=sums, rows=-1),
                *share,
                still_root(who.user),
                *recorded(account, told, at=now),
            ]
        )

    decided(ctx, who, remove, again=lambda: reread(ctx, who))


def new_share(
    ctx: Context, account: Account, user: User, quota: Quota, *, by: str, actor: Actor, now: datetime
) -> Shared:
    """A first allocation for the user, held to the plan."""
    if account.allocations >= MAX_ALLOCATIONS:
        raise too_many("allocations", MAX_ALLOCATIONS)
    allocation = Allocation(ctx.new_id(now), account.id, user.id, by, quota, created_at=now, updated_at=now)
    sums = _fitting(ctx, account, less={}, more=quota, now=now)
    commands = (
        put_allocation(allocation),
        set_share(user, allocation_id=allocation.id, quota=quota),
        set_allocated(account, allocated=sums, rows=1),
        mark_dirty(account.id, now=stamp(now)),
    )
    return Shared(
        allocation,
        commands,
        _told(allocation, before=None, after=allocation, actor=actor, action="quota_allocation.created"),
    )


def other_share(
    ctx: Context, account: Account, user: User, before: Allocation, quota: Quota, *, actor: Actor, now: datetime
) -> Shared:
    """The user's allocation with other numbers, held to the plan."""
    after = replace(before, quota=quota, updated_at=now)
    sums = _fitting(ctx, account, less=before.quota, more=quota, now=now)
    commands = (
        set_allocation(before, after),
        set_share(user, allocation_id=before.id, quota=quota),
        set_allocated(account, allocated=sums),
        mark_dirty(account.id, now=stamp(now)),
    )
    return Shared(
        after, commands, _told(after, before=before, after=after, actor=actor, action="quota_allocation.changed")
    )


def without_share(account: Account, user: User, before: Allocation, *, actor: Actor, now: datetime) -> Shared:
    """The user's allocation revoked."""
    after = replace(before, status="revoked", updated_at=now)
    commands = (
        set_allocation(before, after),
        set_share(user, allocation_id=None, quota={}),
        set_allocated(account, allocated=with_sums(account.allocated, less=before.quota, more={})),
    )
    return Shared(
        after, commands, _told(after, before=before, after=after, actor=actor, action="quota_allocation.revoked")
    )


def all_allocations(ctx: Context, account_id: str) -> list[Allocation]:
    """Newest first, at most 1,000."""
    prefix = keys.ALLOCATIONS
    items = ctx.tables.query("core", keys.account(account_id).pk, start=prefix, end=f"{prefix}~", newest_first=True)
    return [read_allocation(item) for item in items]


def find_allocation(ctx: Context, account: Account, allocation_id: str) -> Allocation:
    item = ctx.tables.get(keys.allocation(account.id, allocation_id))
    if item is None:
        raise NotFound("There is no such quota allocation", resource="quota allocation")
    return read_allocation(item)


def _fitting(ctx: Context, account: Account, *, less: Quota, more: Quota, now: datetime) -> dict[str, int]:
    """The sums then; a field that grows is held to the plan, one that shrinks may still be more than a plan gives that
    was retired to.
    """
    sums = with_sums(account.allocated, less=less, more=more)
    plan = plan_in_force(ctx, account, now=now).quotas
    growing = {name: limit for name, limit in plan.items() if sums.get(name, 0) > account.allocated.get(name, 0)}
    check_fits(sums, growing)
    return sums


def _written(ctx: Context, who: Principal, shared: Shared, now: datetime) -> Allocation:
    ctx.tables.transact([*shared.commands, still_root(who.user), *recorded(who.account, shared.change, at=now)])
    return shared.allocation


def _told(one: Allocation, *, before: Allocation | None, after: Allocation | None, actor: Actor, action: str) -> Change:
    return Change(
        actor,
        action,
        ALLOCATION + one.id,
        before=_shown(before),
        after=_shown(after),
        events=(quota_allocation_changed(one, deleted=after is None),),
    )


def _shown(allocation: Allocation | None) -> dict[str, object]:
    """An allocation in the audit log."""
    if allocation is None:
        return {}
    return {"user_id": USER + allocation.user_id, "status": allocation.status, **allocation.quota}
