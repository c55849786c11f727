"""What a user has used of their allocation in the present period; without one, what they have used."""

from decimal import Decimal

from tallybook.domain.accounts import Account, User, require_root
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import NotFound
from tallybook.domain.quotas import CONCURRENT, FIELDS, LEVEL, MONTHLY, Quota, Use, UserQuota
from tallybook.services.change_user import find_user
from tallybook.services.context import Context
from tallybook.services.quota_allocations import find_allocation
from tallybook.services.quota_use import read_quota_use

_ALL: Quota = dict.fromkeys((*MONTHLY, LEVEL), 0)


def own_quota(ctx: Context, who: Principal) -> UserQuota:
    """The caller's: one round trip beside authentication's."""
    return _quota_of(ctx, who.account, who.user)


def allocation_quota(ctx: Context, who: Principal, allocation_id: str) -> UserQuota:
    """Of the user whose active allocation it is; for root users. NotFound, for one that is not active too."""
    require_root(who.user)
    allocation = find_allocation(ctx, who.account, allocation_id)
    user = find_user(ctx, who.account, allocation.user_id)
    if user.allocation_id != allocation.id:
        raise NotFound("This quota allocation is not active", resource="quota allocation")
    return _quota_of(ctx, who.account, user)


def _quota_of(ctx: Context, account: Account, user: User) -> UserQuota:
    read = read_quota_use(ctx, account, {user.id: _ALL}, now=ctx.clock.now())
    used = {**read.users[user.id], CONCURRENT: Decimal(user.running)}
    uses = tuple(Use(name, used[name], user.quota.get(name)) for name in FIELDS)
    return UserQuota(user.id, user.allocation_id, read.period, uses)
