"""Prepares the changes of allocations: the commands, and the audit entry with its events.

The account stores the sums of its active allocations, so that the transaction of a change compares them with the plan.
The user stores their quota, so that the start of a session reads it with the user.
"""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor
from tallybook.domain.catalog import Plan
from tallybook.domain.events.quotas import quota_allocation_changed
from tallybook.domain.ids import ALLOCATION, USER
from tallybook.domain.quotas import (
    MAX_ALLOCATIONS,
    Allocation,
    Quota,
    UserAllocation,
    adjust_sums,
    check_fits,
    too_many,
)
from tallybook.domain.times import stamp
from tallybook.services.changes import Change
from tallybook.store.commands import Command
from tallybook.store.events import mark_dirty
from tallybook.store.quotas import (
    add_user_allocation,
    delete_allocation,
    put_allocation,
    set_allocated,
    set_allocation,
    set_user_allocation,
)


@dataclass(frozen=True, slots=True)
class QuotaChange:
    """A change of an allocation or a request: its commands, and what is recorded with them."""

    commands: tuple[Command, ...]
    change: Change


def prepare_creation(account: Account, allocation: Allocation, *, plan: Plan, actor: Actor) -> QuotaChange:
    """Create the user's active allocation; Invalid `quota_exceeds_plan`, Conflict `too_many_allocations`.

    The account is marked dirty, so that the usage check alerts if 80 percent of the quota is already used.
    """
    if account.counts.allocation_count >= MAX_ALLOCATIONS:
        raise too_many("allocations", MAX_ALLOCATIONS)
    new = allocation.user_allocation
    commands = (
        put_allocation(allocation),
        add_user_allocation(new),
        set_allocated(account, allocated=_fitting_sums(account, less={}, more=new.quota, plan=plan), rows=1),
        mark_dirty(account.id, now=stamp(allocation.created_at)),
    )
    change = _change(actor, "quota_allocation.created", new, before=None, after="active", quota=new.quota)
    return QuotaChange(commands, change)


def prepare_new_quota(
    account: Account, before: UserAllocation, quota: Quota, *, plan: Plan, actor: Actor, now: datetime
) -> QuotaChange:
    """Change the quota of an active allocation; Invalid `quota_exceeds_plan`."""
    commands = (
        set_allocation(before, quota=quota, status="active", at=now),
        set_user_allocation(before, quota=quota),
        set_allocated(account, allocated=_fitting_sums(account, less=before.quota, more=quota, plan=plan)),
        mark_dirty(account.id, now=stamp(now)),
    )
    change = _change(actor, "quota_allocation.changed", before, before="active", after="active", quota=quota)
    return QuotaChange(commands, change)


def prepare_revocation(account: Account, before: UserAllocation, *, actor: Actor, now: datetime) -> QuotaChange:
    """End an active allocation; it stays in the list as revoked."""
    commands = (
        set_allocation(before, quota=before.quota, status="revoked", at=now),
        set_user_allocation(before, quota=None),
        set_allocated(account, allocated=adjust_sums(account.allocated, less=before.quota, more={})),
    )
    change = _change(actor, "quota_allocation.revoked", before, before="active", after="revoked", quota=before.quota)
    return QuotaChange(commands, change)


def prepare_deletion(account: Account, allocation: Allocation, *, actor: Actor) -> QuotaChange:
    """Remove an allocation, active or revoked, from the list."""
    before, is_active = allocation.user_allocation, allocation.status == "active"
    sums = adjust_sums(account.allocated, less=before.quota, more={}) if is_active else account.allocated
    commands = (
        delete_allocation(allocation),
        set_allocated(account, allocated=sums, rows=-1),
        *((set_user_allocation(before, quota=None),) if is_active else ()),
    )
    change = _change(actor, "quota_allocation.deleted", before, before=allocation.status, after=None, quota={})
    return QuotaChange(commands, change)


def _fitting_sums(account: Account, *, less: Quota, more: Quota, plan: Plan) -> dict[str, int]:
    """The new sums. Only fields that grow are compared with the plan: after `plan_retired` the sums may exceed it."""
    sums = adjust_sums(account.allocated, less=less, more=more)
    grown = {name for name in sums if sums[name] > account.allocated.get(name, 0)}
    check_fits(sums, {name: limit for name, limit in plan.quotas.items() if name in grown})
    return sums


def _change(
    actor: Actor, action: str, allocation: UserAllocation, *, before: str | None, after: str | None, quota: Quota
) -> Change:
    """`before` and `after` are statuses, None if there is no allocation; `quota` is the quota after the change."""
    owner = {"user_id": USER + allocation.user_id}
    changed = UserAllocation(allocation.account_id, allocation.user_id, allocation.allocation_id, quota)
    return Change(
        actor,
        action,
        ALLOCATION + allocation.allocation_id,
        before={**owner, "status": before, **allocation.quota} if before else {},
        after={**owner, "status": after, **quota} if after else {},
        events=(quota_allocation_changed(changed, status=after or "deleted"),),
    )
