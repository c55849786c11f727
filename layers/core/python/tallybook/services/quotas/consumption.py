"""How much of each quota field an account and its users have used in the current period, and the plan's limits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tallybook.domain.accounts import Account
from tallybook.domain.admission import Used
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan
from tallybook.domain.monthly_use import add_use, monthly_use
from tallybook.domain.periods import Period, period_of
from tallybook.domain.quotas import GAUGE, MONTHLY, Quota
from tallybook.domain.usage import Quantities
from tallybook.services.billing.pinned import pinned_plan
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.commands import Item
from tallybook.store.gauges import gauge_keys, gauge_value
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period
from tallybook.store.usage_counters import quantities_of


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """The usage of the account and of each requested user; `plan` has the limits of the account, and its usage includes
    what a change of plan carried into the period.

    `opened` is the period if it was opened, `quantities` the account's usage in it. `also` are the other requested
    items; `read_keys` are the keys that were read for the usage.
    """

    period: Period
    plan: Plan
    account: Used
    users: Mapping[str, Used]
    opened: BillingPeriod | None
    quantities: Quantities
    also: Mapping[Key, Item]
    read_keys: tuple[Key, ...]


def read_quota_use(
    ctx: Context,
    account: Account,
    quotas: Mapping[str, Quota],
    *,
    now: datetime,
    also: Sequence[Key] = (),
    known: Mapping[Key, Item | None] | None = None,
) -> QuotaUse:
    """Read the usage of the account, and of the users in `quotas` in the fields of their quota.

    One round trip for up to about 30 users. Items in `known`, None for a missing one, are not read again. If
    the current period is not opened yet, it stays so, and the plan is taken from the current catalog.
    """
    period = period_of(account.schedule, now)
    current_plan = ctx.catalogs.current(with_plan=account.plan).plans[account.plan]
    limits: dict[str | None, Quota] = {None: current_plan.quotas}
    limits.update(quotas)
    read_keys = [
        key for user_id, quota in limits.items() for key in _keys(ctx, account, period, user_id, quota, now=now)
    ]
    known = known or {}
    items = {key: item for key, item in known.items() if item is not None}
    if missing := [key for key in (*read_keys, *also) if key not in known]:
        items |= ctx.tables.get_many(missing)
    pinned = items.get(period_key(account.id, period))
    opened = read_billing_period(pinned) if pinned else None
    shards = max(ctx.usage_shards, opened.shards if opened else 0)
    if shards > ctx.usage_shards:  # the period was opened with more shards
        rest = range(ctx.usage_shards, shards)
        items |= ctx.tables.get_many(key for user_id in limits for key in _counters(account, period, user_id, rest))
    plan = pinned_plan(ctx, opened) if opened else current_plan
    if GAUGE in plan.quotas and GAUGE not in current_plan.quotas:  # the current catalog has no such limit
        items |= ctx.tables.get_many(gauge_keys(account.id, None, now=now))
    quantities = {
        user_id: quantities_of(items[key] for key in _counters(account, period, user_id, range(shards)) if key in items)
        for user_id in limits
    }

    def used(user_id: str | None) -> Used:
        today, yesterday = gauge_keys(account.id, user_id, now=now)
        return _used(quantities[user_id], gauge_value(items.get(today), items.get(yesterday), now=now))

    return QuotaUse(
        period=period,
        plan=plan,
        account=add_use(used(None), opened.carried_use) if opened else used(None),
        users={user_id: used(user_id) for user_id in quotas},
        opened=opened,
        quantities=quantities[None],
        also={key: items[key] for key in also if key in items},
        read_keys=tuple(read_keys),
    )


def read_plan(
    ctx: Context, account: Account, *, now: datetime, also: Iterable[Key] = ()
) -> tuple[Plan, Mapping[Key, Item]]:
    """The account's plan as the current period pinned it, and the items of `also`, in one round trip.

    If the period is not opened yet, the plan is taken from the current catalog.
    """
    key = period_key(account.id, period_of(account.schedule, now))
    items = ctx.tables.get_many([key, *also])
    if key not in items:
        return ctx.catalogs.current(with_plan=account.plan).plans[account.plan], items
    return pinned_plan(ctx, read_billing_period(items[key])), items


def _keys(
    ctx: Context, account: Account, period: Period, user_id: str | None, quota: Quota, *, now: datetime
) -> list[Key]:
    """The keys of the quota's fields, and always of the account's counters, because one of them has the pinned plan."""
    found: list[Key] = []
    if user_id is None or any(name in quota for name in MONTHLY):
        found += _counters(account, period, user_id, range(ctx.usage_shards))
    if GAUGE in quota:
        found += gauge_keys(account.id, user_id, now=now)
    return found


def _counters(account: Account, period: Period, user_id: str | None, shards: Iterable[int]) -> list[Key]:
    """The user's counters of the period, or the account's."""
    name = "period" if user_id is None else f"user#{user_id}"
    return [keys.counter(account.id, period.start, name, shard) for shard in shards]


def _used(quantities: Quantities, gauge: Decimal) -> Used:
    return monthly_use(quantities) | {GAUGE: gauge}
