"""Which plans there are, and which one an account is on."""

from tallybook.domain.accounts import Account
from tallybook.domain.subscriptions import PlanList, Subscription
from tallybook.services.context import Context
from tallybook.services.periods import period_at


def list_plans(ctx: Context) -> PlanList:
    """All plans of the current catalog, cheapest first."""
    catalog = ctx.catalogs.current()
    return PlanList(tuple(sorted(catalog.plans.values(), key=lambda plan: plan.price)), catalog.currency)


def read_subscription(ctx: Context, account: Account) -> Subscription:
    opened = period_at(ctx, account, ctx.clock.now())
    catalog = ctx.catalogs.version(opened.catalog_version)
    return Subscription(account, opened, catalog.plans[opened.plan], catalog.currency)
