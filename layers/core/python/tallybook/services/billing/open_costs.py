"""The cost so far of a period that is not closed: one query, for any number of events."""

from datetime import datetime
from typing import NamedTuple

from tallybook.domain.accounts import Account
from tallybook.domain.bill import PeriodCosts, costs_of
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog
from tallybook.domain.periods import Period
from tallybook.services.billing.open_period import new_billing_period, open_period
from tallybook.services.billing.pinned import pinned_prices
from tallybook.services.context import Context
from tallybook.store.commands import Item
from tallybook.store.periods import billing_period_of, is_period_key
from tallybook.store.usage_counters import billed_range, by_day, quantities_of


class OpenCosts(NamedTuple):
    """A period and its costs up to now, with the catalog that it pinned and the items of its period key."""

    billing_period: BillingPeriod
    key_items: tuple[Item, ...]
    catalog: Catalog
    costs: PeriodCosts


def read_open_costs(
    ctx: Context, account: Account, period: Period, *, now: datetime, cut: datetime | None = None, may_open: bool = True
) -> OpenCosts:
    """The costs of the period. With `may_open`, the read opens the period if it was not opened before.

    `cut` is the instant at which a plan change ends the period.
    """
    pk, first, last = billed_range(account.id, period.start)
    items = list(ctx.tables.query("usage", pk, start=first, end=last))
    key_items = tuple(item for item in items if is_period_key(item))
    billing_period = billing_period_of(key_items)
    if billing_period is None:
        billing_period = (open_period if may_open else new_billing_period)(ctx, account, period)
    if cut is not None and billing_period.is_open:  # if it is closed, the caller reads the account again
        billing_period = billing_period.cut(cut)
    quantities = quantities_of(key_items)
    prices = pinned_prices(ctx, billing_period, quantities)
    costs = costs_of(prices, billing_period, quantities, by_day(items), until=now)
    return OpenCosts(billing_period, key_items, prices.own.catalog, costs)
