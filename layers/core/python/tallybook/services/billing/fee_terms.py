"""The price and discount of a plan's fee: a yearly plan's are those with which its year began.

Source: docs/money.md, "Periods".
"""

from tallybook.domain.accounts import Account, FeeTerms
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan
from tallybook.domain.fees import is_fee_due, pinned_terms, stored_terms
from tallybook.domain.periods import period_of
from tallybook.services.billing.pinned import pinned_plan
from tallybook.services.context import Context
from tallybook.store.periods import period_key, read_billing_period


def read_fee_terms(ctx: Context, account: Account, plan: Plan, billing_period: BillingPeriod) -> FeeTerms:
    """The terms of the fee on the period's invoice; `plan` is the version of the plan that the period pinned."""
    if is_fee_due(account.schedule, plan, billing_period):
        return read_year(ctx, account, plan, billing_period)
    return stored_terms(account, plan, billing_period) or pinned_terms(account, plan, billing_period)


def read_year(ctx: Context, account: Account, plan: Plan, billing_period: BillingPeriod) -> FeeTerms:
    """The terms of the month, or of the year, in which the period is.

    If the account has not stored the year of its plan, the first period of the year is read; if that can't be found,
    the terms are those that this period pinned.
    """
    if (stored := stored_terms(account, plan, billing_period)) is not None:
        return stored
    pinned = pinned_terms(account, plan, billing_period)
    if pinned.start == billing_period.period.start:
        return pinned
    item = ctx.tables.get(period_key(account.id, period_of(account.schedule, pinned.start)))
    first = read_billing_period(item) if item else None
    if first is None or first.plan != plan.name:
        return pinned
    return pinned_terms(account, pinned_plan(ctx, first), first)
