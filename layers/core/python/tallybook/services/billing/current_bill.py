"""What an account's open period costs so far: one query, however many events it took."""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.bill import CurrentBilling, PeriodCosts, costs_of, current_bill
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog
from tallybook.domain.fees import fee_for, fee_time
from tallybook.domain.periods import Period, period_of
from tallybook.services.billing.open_period import open_period
from tallybook.services.context import Context
from tallybook.store.periods import billing_period_of, is_period_key
from tallybook.store.usage_counters import billed_range, by_day, quantities_of


@dataclass(frozen=True, slots=True)
class OpenCosts:
    """A period that is not closed, as it was opened, with its costs so far and the catalog it pinned."""

    opened: BillingPeriod
    catalog: Catalog
    costs: PeriodCosts


def read_current_bill(ctx: Context, account: Account) -> CurrentBilling:
    """The estimate for the period that contains now, opened by this read if nothing did before."""
    now = ctx.clock.now()
    current = read_open_costs(ctx, account, period_of(account.schedule, now), now=now)
    catalog, plan = current.catalog, current.catalog.plans[current.opened.plan]
    time = fee_time(account, plan, current.opened, until=now)
    return CurrentBilling(
        bill=current_bill(current.costs, currency=catalog.currency, now=now),
        plan=plan,
        fee=fee_for(plan.price, time, discount=account.billing.discount, currency=catalog.currency),
        currency=catalog.currency,
        active_sessions=account.counts.running_count,
        completed_sessions=current.opened.completed_sessions,
    )


def read_open_costs(ctx: Context, account: Account, period: Period, *, now: datetime) -> OpenCosts:
    """One query; the period is opened by this read if nothing did before."""
    pk, start, end = billed_range(account.id, period.start)
    items = list(ctx.tables.query("usage", pk, start=start, end=end))
    fences = [item for item in items if is_period_key(item)]
    opened = billing_period_of(fences) or open_period(ctx, account, period)
    catalog = ctx.catalogs.version(opened.catalog_version)
    return OpenCosts(opened, catalog, costs_of(catalog, opened, quantities_of(fences), by_day(items), until=now))
