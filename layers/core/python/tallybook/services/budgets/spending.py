"""The cost of an account's usage in periods. Only the periods' counters are read, by key."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.bill import usage_cost
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.budgets import Spending
from tallybook.domain.periods import Period, period_of
from tallybook.domain.usage import Quantities
from tallybook.services.billing.open_period import new_billing_period
from tallybook.services.billing.pinned import pinned_prices
from tallybook.services.context import Context
from tallybook.store.commands import Item
from tallybook.store.keys import Key
from tallybook.store.periods import period_key, read_billing_period
from tallybook.store.usage_counters import quantities_of


def read_spending(
    ctx: Context, account: Account, periods: Sequence[Period], *, also: Iterable[Key] = ()
) -> tuple[list[Spending], Mapping[Key, Item]]:
    """The spending of each period, and the items of `also` that exist: one round trip.

    A second round trip only for a period that was opened with more shards than are configured now.
    """
    shards = range(ctx.usage_shards)
    items = ctx.tables.get_many(
        [*(period_key(account.id, period, shard) for period in periods for shard in shards), *also]
    )
    return [_spending(ctx, account, period, items) for period in periods], items


def periods_between(account: Account, since: datetime, current: Period) -> list[Period]:
    """The periods from the one that contains `since` to the last one before the current."""
    found: list[Period] = []
    while since < current.start:
        found.append(period_of(account.schedule, since))
        since = found[-1].end
    return found


def spending_in(
    ctx: Context, account: Account, period: Period, opened: BillingPeriod | None, quantities: Quantities
) -> Spending:
    """The cost of the quantities in the period. One that was never opened may have base fees, as if it opened now."""
    billing_period = opened or new_billing_period(ctx, account, period)
    prices = pinned_prices(ctx, billing_period, quantities)
    return Spending(period, usage_cost(prices, billing_period, quantities))


def _spending(ctx: Context, account: Account, period: Period, items: Mapping[Key, Item]) -> Spending:
    first = items.get(period_key(account.id, period))
    opened = read_billing_period(first) if first else None
    shard_keys = [period_key(account.id, period, shard) for shard in range(opened.shards if opened else 0)]
    more = ctx.tables.get_many(shard_keys[ctx.usage_shards :])
    counters = [item for key in shard_keys if (item := items.get(key) or more.get(key))]
    return spending_in(ctx, account, period, opened, quantities_of(counters))
