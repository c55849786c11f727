"""What an account and its users have used of each quota field in the present period, and what limits them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from tallybook.domain.accounts import Account
from tallybook.domain.admission import Used
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan
from tallybook.domain.money import EXACT
from tallybook.domain.periods import Period, period_of
from tallybook.domain.quotas import LEVEL, MONTHLY, Quota
from tallybook.domain.usage import Quantities
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.commands import Item
from tallybook.store.gauges import gauge_keys, gauge_value
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period
from tallybook.store.usage_counters import quantities_of

_WHOLE = "period"


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """What the whole account has used, and each of the users who were asked about; `plan` limits the account.

    `opened` is the period where anybody has opened it, `quantities` is all that the account has used in it. `also` are
    the items that were asked for beside, `read` says where the rest stands.
    """

    period: Period
    plan: Plan
    account: Used
    users: Mapping[str, Used]
    opened: BillingPeriod | None
    quantities: Quantities
    also: Mapping[Key, Item]
    read: tuple[Key, ...]


def read_quota_use(
    ctx: Context,
    account: Account,
    quotas: Mapping[str, Quota],
    *,
    now: datetime,
    also: Sequence[Key] = (),
    known: Mapping[Key, Item | None] | None = None,
) -> QuotaUse:
    """One round trip for up to some 30 users: `quotas` names them, each with the quota that their use is wanted for.

    What is `known` was read already, None where nothing stands, and is not read again. Nothing is opened: before
    anybody has used anything, the plan is the account's as it is sold now.
    """
    period = period_of(account.schedule, now)
    sold = ctx.catalogs.current().plans[account.plan]
    wanted: dict[str | None, Quota] = {None: sold.quotas}
    wanted.update(quotas)
    read = [key for whose, quota in wanted.items() for key in _keys(ctx, account, period, whose, quota, now=now)]
    known = known or {}
    items = {key: item for key, item in known.items() if item is not None}
    if missing := [key for key in (*read, *also) if key not in known]:
        items |= ctx.tables.get_many(missing)
    pinned = items.get(period_key(account.id, period))
    opened = read_billing_period(pinned) if pinned else None
    if opened is not None and opened.shards > ctx.usage_shards:
        shards = range(ctx.usage_shards, opened.shards)
        items |= ctx.tables.get_many(
            keys.counter(account.id, period.start, _name(whose), shard) for whose in wanted for shard in shards
        )
    plan = ctx.catalogs.version(opened.catalog_version).plans[opened.plan] if opened else sold
    if LEVEL in plan.quotas and LEVEL not in sold.quotas:  # it is sold without that limit now
        items |= ctx.tables.get_many(gauge_keys(account.id, None, now=now))
    shards = range(max(ctx.usage_shards, opened.shards if opened else 0))
    quantities = {
        whose: quantities_of(
            item for shard in shards if (item := items.get(keys.counter(account.id, period.start, _name(whose), shard)))
        )
        for whose in wanted
    }
    levels = {
        whose: gauge_value(*(items.get(key) for key in gauge_keys(account.id, whose, now=now)), now=now)
        for whose in wanted
    }
    return QuotaUse(
        period=period,
        plan=plan,
        account=_used(quantities[None], levels[None]),
        users={whose: _used(quantities[whose], levels[whose]) for whose in quotas},
        opened=opened,
        quantities=quantities[None],
        also={key: items[key] for key in also if key in items},
        read=tuple(read),
    )


def plan_of(
    ctx: Context, account: Account, *, now: datetime, also: Iterable[Key] = ()
) -> tuple[Plan, Mapping[Key, Item]]:
    """The plan whose limits hold, and the items of `also` that are there, in one round trip.

    It is as the present period pinned it, or as it is sold where none is open yet.
    """
    pinned = period_key(account.id, period_of(account.schedule, now))
    items = ctx.tables.get_many([pinned, *also])
    if pinned not in items:
        return ctx.catalogs.current().plans[account.plan], items
    opened = read_billing_period(items[pinned])
    return ctx.catalogs.version(opened.catalog_version).plans[opened.plan], items


def _keys(
    ctx: Context, account: Account, period: Period, whose: str | None, quota: Quota, *, now: datetime
) -> list[Key]:
    """The whole account's are always read, for what the period pinned stands there; a user's where something limits."""
    found: list[Key] = []
    if whose is None or any(name in quota for name in MONTHLY):
        found += [keys.counter(account.id, period.start, _name(whose), shard) for shard in range(ctx.usage_shards)]
    if LEVEL in quota:
        found += gauge_keys(account.id, whose, now=now)
    return found


def _name(whose: str | None) -> str:
    return _WHOLE if whose is None else f"user#{whose}"


def _used(quantities: Quantities, gauge: Decimal) -> dict[str, Decimal]:
    by_meter: dict[str, Decimal] = {}
    with localcontext(EXACT):
        for (meter, _), quantity in quantities.items():
            by_meter[meter] = by_meter.get(meter, Decimal(0)) + quantity
    return {name: by_meter.get(meter, Decimal(0)) for name, meter in MONTHLY.items()} | {LEVEL: gauge}
