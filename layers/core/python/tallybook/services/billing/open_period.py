"""Opens periods. The first event, read, change or job that needs a period opens it."""

from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog
from tallybook.domain.errors import Failed, Unavailable
from tallybook.domain.periods import Period, period_of
from tallybook.services.context import Context
from tallybook.store import periods
from tallybook.store.conflicts import WriteConflict


def open_period(ctx: Context, account: Account, period: Period) -> BillingPeriod:
    """Open the period, unless it was opened before; returns what is stored now.

    Unavailable if the account's plan, time zone or status has changed since it was read: a retry reads it again.
    Failed for a period before the oldest unclosed one: nothing would ever bill it.
    """
    if period.start < account.closing_cursor.period.start:
        raise Failed("A period before the oldest unclosed one was never opened")
    billing_period = new_billing_period(ctx, account, period)
    try:
        ctx.tables.transact(
            [*periods.open_period(account, billing_period), periods.check_subscription_unchanged(account)]
        )
    except WriteConflict as conflict:
        item = ctx.tables.get(periods.period_key(account.id, period))
        if item is None:
            raise Unavailable("The account changed at the same moment; try again") from conflict
        return periods.read_billing_period(item)
    return billing_period


def period_at(ctx: Context, account: Account, instant: datetime) -> BillingPeriod:
    """The account's period that contains the instant, opened if it was not before."""
    period = period_of(account.schedule, instant)
    item = ctx.tables.get(periods.period_key(account.id, period))
    return periods.read_billing_period(item) if item else open_period(ctx, account, period)


def new_billing_period(
    ctx: Context, account: Account, period: Period, *, catalog: Catalog | None = None
) -> BillingPeriod:
    """The period to open, not written. It pins the account's plan, and the catalog, by default the current one."""
    catalog = catalog or ctx.catalogs.current(with_plan=account.plan)
    is_yearly = catalog.plans[account.plan].billing_interval == "year"
    return BillingPeriod(
        period=period,
        plan=account.plan,
        catalog_version=catalog.version,
        shards=ctx.usage_shards,
        is_open=True,
        discount=account.billing.discount if is_yearly else None,
    )
