"""What an account has used within periods, in money: their fences, read by key, however much was counted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.bill import usage_cost
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.budgets import Spending
from tallybook.domain.periods import Period, period_of
from tallybook.domain.usage import Quantities
from tallybook.services.context import Context
from tallybook.store.commands import Item
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period
from tallybook.store.usage_counters import quantities_of


def read_spending(
    ctx: Context, account: Account, periods: Sequence[Period], *, also: Iterable[Key] = ()
) -> tuple[list[Spending], Mapping[Key, Item]]:
    """What each of the periods comes to by now, nothing where nobody has opened it, and the items of `also` that are
    there: one round trip.
    """
    shards = range(ctx.usage_shards)
    items = ctx.tables.get_many(
        [*(period_key(account.id, period, shard) for period in periods for shard in shards), *also]
    )
    return [_spending(ctx, account, period, items) for period in periods], items


def periods_between(account: Account, since: datetime, present: Period) -> list[Period]:
    """Those from the one that holds the instant to the one before the present."""
    found: list[Period] = []
    while since < present.start:
        found.append(period_of(account.schedule, since))
        since = found[-1].end
    return found


def spending_in(ctx: Context, period: Period, opened: BillingPeriod | None, quantities: Quantities) -> Spending:
    """What these come to in the period, which nobody may have opened yet."""
    if opened is None:
        return Spending(period, 0)
    return Spending(period, usage_cost(ctx.catalogs.version(opened.catalog_version), opened, quantities))


def _spending(ctx: Context, account: Account, period: Period, items: Mapping[Key, Item]) -> Spending:
    first = items.get(period_key(account.id, period))
    opened = read_billing_period(first) if first else None
    wanted = [period_key(account.id, period, shard) for shard in range(opened.shards if opened else 0)]
    more = ctx.tables.get_many(wanted[ctx.usage_shards :])
    fences = [item for key in wanted if (item := items.get(key) or more.get(key))]
    return spending_in(ctx, period, opened, quantities_of(fences))
