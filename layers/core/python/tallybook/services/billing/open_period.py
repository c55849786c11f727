"""Periods are opened by whoever needs one first: an event, a read, a session's end."""

from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Catalog
from tallybook.domain.errors import Unavailable
from tallybook.domain.periods import Period, period_of
from tallybook.services.context import Context
from tallybook.store import periods
from tallybook.store.table import WriteConflict


def new_billing_period(
    ctx: Context, account: Account, period: Period, *, catalog: Catalog | None = None
) -> BillingPeriod:
    """What opening the period now would pin: the account's plan, and the current catalog unless told another."""
    return BillingPeriod(
        period=period,
        plan=account.plan,
        catalog_version=(catalog or ctx.catalogs.current()).version,
        shards=ctx.usage_shards,
        is_open=True,
    )


def open_period(ctx: Context, account: Account, period: Period) -> BillingPeriod:
    """Open the period unless it has been; either way, what stands now.

    Unavailable where the account's plan, zone or status changed since it was read: the next try reads it anew.
    """
    wanted = new_billing_period(ctx, account, period)
    try:
        ctx.tables.transact([*periods.open_period(account, wanted), periods.unchanged_subscription(account)])
    except WriteConflict as refused:
        present = ctx.tables.get(periods.period_key(account.id, period))
        if present is None:
            raise Unavailable("The account changed at the same moment; try again") from refused
        return periods.read_billing_period(present)
    return wanted


def period_at(ctx: Context, account: Account, instant: datetime) -> BillingPeriod:
    """The account's period that holds the instant, opened if nobody has."""
    period = period_of(account.schedule, instant)
    present = ctx.tables.get(periods.period_key(account.id, period))
    return periods.read_billing_period(present) if present else open_period(ctx, account, period)
