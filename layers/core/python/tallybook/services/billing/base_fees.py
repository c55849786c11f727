"""Base fees cost something without any usage, so a new period may reach a threshold of a budget as it opens."""

from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.bill import usage_cost
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.times import stamp
from tallybook.services.billing.pinned import pinned_prices
from tallybook.services.context import Context
from tallybook.store.commands import Command
from tallybook.store.events import mark_dirty


def check_base_fees(ctx: Context, account: Account, opened: BillingPeriod, *, now: datetime) -> tuple[Command, ...]:
    """Have the account's budget checked, if it has one, and the period has base fees."""
    has_base_fees = account.counts.budget_count and usage_cost(pinned_prices(ctx, opened), opened, {})
    return (mark_dirty(account.id, now=stamp(now)),) if has_base_fees else ()
