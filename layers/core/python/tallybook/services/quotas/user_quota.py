"""What a user has used of their allocation in the present period; without one, what they have used."""

from decimal import Decimal

from tallybook.domain.accounts import User, require_root
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import NotFound
from tallybook.domain.quotas import CONCURRENT, FIELDS, LEVEL, MONTHLY, Quota, Use, UserQuota
from tallybook.services.context import Context
from tallybook.services.quotas.allocations import find_allocation
from tallybook.services.quotas.consumption import QuotaUse, read_quota_use
from tallybook.store import keys
from tallybook.store.accounts import read_user

_ALL: Quota = dict.fromkeys((*MONTHLY, LEVEL), 0)


def own_quota(ctx: Context, principal: Principal) -> UserQuota:
    """The caller's: one round trip beside authentication's."""
    return _shown(
        read_quota_use(ctx, principal.account, {principal.user.id: _ALL}, now=ctx.clock.now()), principal.user
    )


def allocation_quota(ctx: Context, principal: Principal, allocation_id: str) -> UserQuota:
    """Of the user whose active allocation it is; for root users. NotFound, for one that is not active too."""
    require_root(principal.user)
    allocation = find_allocation(ctx, principal.account, allocation_id)
    whose = keys.user(principal.account.id, allocation.user_id)
    read = read_quota_use(ctx, principal.account, {allocation.user_id: _ALL}, now=ctx.clock.now(), also=[whose])
    user = read_user(read.also[whose])
    if user.allocation_id != allocation.id:
        raise NotFound("This quota allocation is not active", resource="quota allocation")
    return _shown(read, user)


def _shown(read: QuotaUse, user: User) -> UserQuota:
    used = {**read.users[user.id], CONCURRENT: Decimal(user.running_count)}
    uses = tuple(Use(name, used[name], user.quota.get(name)) for name in FIELDS)
    return UserQuota(user.id, user.allocation_id, read.period, uses)
