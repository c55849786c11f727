"""What an account owes for its current period so far. Source: ScaleBox billing, "Get Current Billing Snapshot"."""

from tallybook.domain.accounts import Account
from tallybook.domain.bill import CurrentBilling, current_bill
from tallybook.domain.fees import fee_for, fee_time
from tallybook.domain.periods import period_of
from tallybook.services.billing.fee_terms import read_fee_terms
from tallybook.services.billing.open_costs import read_open_costs
from tallybook.services.billing.pinned import pinned_plan
from tallybook.services.context import Context


def read_current_bill(ctx: Context, account: Account) -> CurrentBilling:
    """The estimate for the period that contains now; the read opens that period if it was not opened before."""
    now = ctx.clock.now()
    current = read_open_costs(ctx, account, period_of(account.schedule, now), now=now)
    billing_period, catalog = current.billing_period, current.catalog
    plan = pinned_plan(ctx, billing_period)
    terms = read_fee_terms(ctx, account, plan, billing_period)
    time = fee_time(account, plan, billing_period, terms, until=now)
    return CurrentBilling(
        bill=current_bill(current.costs, currency=catalog.currency, now=now),
        plan=plan,
        fee=fee_for(terms.price, time, discount=terms.discount, currency=catalog.currency),
        currency=catalog.currency,
        active_sessions=account.counts.running_count,
        completed_sessions=billing_period.completed_sessions,
    )
