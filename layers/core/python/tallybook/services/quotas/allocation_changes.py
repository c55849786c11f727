"""What giving a user a share of the plan writes, or changing or taking one back, whoever does it.

What the active allocations add up to is part of the account, so that each change is held to the plan in its own
transaction; a user's share is part of the user, so that a session's start reads it with them.
"""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor
from tallybook.domain.catalog import Plan
from tallybook.domain.events.quotas import quota_allocation_changed
from tallybook.domain.ids import ALLOCATION, USER
from tallybook.domain.quotas import MAX_ALLOCATIONS, Allocation, Quota, Share, check_fits, too_many, with_sums
from tallybook.domain.times import stamp
from tallybook.services.changes import Change
from tallybook.store.commands import Command
from tallybook.store.events import mark_dirty
from tallybook.store.quotas import (
    delete_allocation,
    give_share,
    put_allocation,
    set_allocated,
    set_allocation,
    set_share,
)


@dataclass(frozen=True, slots=True)
class Shared:
    """A change of a user's share, as it is written and recorded."""

    commands: tuple[Command, ...]
    change: Change


def new_share(account: Account, allocation: Allocation, *, plan: Plan, actor: Actor) -> Shared:
    """A first one, held to the plan; the usage check then looks at what of it is used up already."""
    if account.counts.allocation_count >= MAX_ALLOCATIONS:
        raise too_many("allocations", MAX_ALLOCATIONS)
    share = allocation.share
    commands = (
        put_allocation(allocation),
        give_share(share),
        set_allocated(account, allocated=_fitting(account, less={}, more=share.quota, plan=plan), rows=1),
        mark_dirty(account.id, now=stamp(allocation.created_at)),
    )
    change = _change(actor, "quota_allocation.created", share, before=None, after="active", quota=share.quota)
    return Shared(commands, change)


def other_share(account: Account, share: Share, quota: Quota, *, plan: Plan, actor: Actor, now: datetime) -> Shared:
    """Other numbers, held to the plan."""
    commands = (
        set_allocation(share, quota=quota, status="active", at=now),
        set_share(share, quota=quota),
        set_allocated(account, allocated=_fitting(account, less=share.quota, more=quota, plan=plan)),
        mark_dirty(account.id, now=stamp(now)),
    )
    change = _change(actor, "quota_allocation.changed", share, before="active", after="active", quota=quota)
    return Shared(commands, change)


def without_share(account: Account, share: Share, *, actor: Actor, now: datetime) -> Shared:
    """Revoked: the allocation stays in the list."""
    commands = (
        set_allocation(share, quota=share.quota, status="revoked", at=now),
        set_share(share, quota=None),
        set_allocated(account, allocated=with_sums(account.allocated, less=share.quota, more={})),
    )
    change = _change(actor, "quota_allocation.revoked", share, before="active", after="revoked", quota=share.quota)
    return Shared(commands, change)


def removed_share(account: Account, allocation: Allocation, *, actor: Actor) -> Shared:
    """Deleted, active or not."""
    share, active = allocation.share, allocation.status == "active"
    sums = with_sums(account.allocated, less=share.quota, more={}) if active else account.allocated
    commands = (
        delete_allocation(allocation),
        set_allocated(account, allocated=sums, rows=-1),
        *((set_share(share, quota=None),) if active else ()),
    )
    change = _change(actor, "quota_allocation.deleted", share, before=allocation.status, after=None, quota={})
    return Shared(commands, change)


def _fitting(account: Account, *, less: Quota, more: Quota, plan: Plan) -> dict[str, int]:
    """The sums then. Only a field that grows is held to the plan: after a plan was retired, what stands may be more."""
    sums = with_sums(account.allocated, less=less, more=more)
    grown = {name for name in sums if sums[name] > account.allocated.get(name, 0)}
    check_fits(sums, {name: limit for name, limit in plan.quotas.items() if name in grown})
    return sums


def _change(actor: Actor, action: str, share: Share, *, before: str | None, after: str | None, quota: Quota) -> Change:
    whose = {"user_id": USER + share.user_id}
    told = Share(share.account_id, share.user_id, share.allocation_id, quota)
    return Change(
        actor,
        action,
        ALLOCATION + share.allocation_id,
        before={**whose, "status": before, **share.quota} if before else {},
        after={**whose, "status": after, **quota} if after else {},
        events=(quota_allocation_changed(told, status=after or "deleted"),),
    )
