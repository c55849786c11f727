"""A user's usage in the current period, with the limits of their allocation if they have one."""

from decimal import Decimal

from tallybook.domain.accounts import User, require_root
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import NotFound
from tallybook.domain.quotas import CONCURRENT, FIELDS, GAUGE, MONTHLY, Quota, Use, UserQuota
from tallybook.services.context import Context
from tallybook.services.quotas.allocations import find_allocation
from tallybook.services.quotas.consumption import QuotaUse, read_quota_use
from tallybook.store import keys
from tallybook.store.users import read_user

_ALL_FIELDS: Quota = dict.fromkeys((*MONTHLY, GAUGE), 0)


def read_own_quota(ctx: Context, principal: Principal) -> UserQuota:
    """The caller's, in one round trip after authentication."""
    user = principal.user
    use = read_quota_use(ctx, principal.account, {user.id: _ALL_FIELDS}, now=ctx.clock.now())
    return _user_quota(use, user)


def read_allocation_quota(ctx: Context, principal: Principal, allocation_id: str) -> UserQuota:
    """That of the user with this active allocation, for root users. NotFound, also for one that is not active."""
    require_root(principal.user)
    allocation = find_allocation(ctx, principal.account, allocation_id)
    user_key = keys.user(principal.account.id, allocation.user_id)
    quotas = {allocation.user_id: _ALL_FIELDS}
    use = read_quota_use(ctx, principal.account, quotas, now=ctx.clock.now(), also=[user_key])
    user = read_user(use.also[user_key])
    if user.allocation_id != allocation.id:
        raise NotFound("This quota allocation is not active", resource="quota allocation")
    return _user_quota(use, user)


def _user_quota(use: QuotaUse, user: User) -> UserQuota:
    used = {**use.users[user.id], CONCURRENT: Decimal(user.running_count)}
    uses = tuple(Use(name, used[name], user.quota.get(name)) for name in FIELDS)
    return UserQuota(user.id, user.allocation_id, use.period, uses)
