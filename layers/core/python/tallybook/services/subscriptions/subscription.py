"""The plans, an account's subscription, and the history of its plan changes."""

from functools import partial

from tallybook.domain.accounts import Account, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.credentials import Principal
from tallybook.domain.fees import stored_terms
from tallybook.domain.idempotency import Present
from tallybook.domain.plan_changes import PlanChange
from tallybook.domain.subscriptions import PlanList, Subscription
from tallybook.services.billing.open_period import period_at
from tallybook.services.billing.pinned import pinned_plan
from tallybook.services.context import Context
from tallybook.services.kept_answers import keep_answer
from tallybook.services.subscriptions.change_plan import ChangedPlan, change_plan
from tallybook.store import keys
from tallybook.store.commands import Command
from tallybook.store.plan_changes import read_plan_change

type ChangedSubscription = tuple[Subscription, PlanChange]


def list_plans(ctx: Context) -> PlanList:
    """The plans of the current catalog, cheapest first."""
    catalog = ctx.catalogs.current()
    return PlanList(tuple(sorted(catalog.plans.values(), key=lambda plan: plan.price)), catalog.currency)


def read_subscription(ctx: Context, account: Account) -> Subscription:
    """The plan as the current period pinned it; the price of a yearly plan is that of its year."""
    return _subscription(ctx, account, period_at(ctx, account, ctx.clock.now()))


def change_subscription(
    ctx: Context, principal: Principal, plan: str, *, present: Present[ChangedSubscription] | None = None
) -> ChangedSubscription:
    """The subscription on the new plan, and the change; for root users. Errors as in `change_plan`."""
    require_root(principal.user)

    def result(changed: ChangedPlan) -> ChangedSubscription:
        return _subscription(ctx, changed.account, changed.opened), changed.change

    def keep(changed: ChangedPlan) -> tuple[Command, ...]:
        return keep_answer(ctx, principal.keyed, present, result(changed), at=changed.change.changed_at)

    return result(change_plan(ctx, principal.account, plan, actor=actor_of(principal), must_pay=True, also=keep))


def list_plan_changes(ctx: Context, principal: Principal, *, offset: int, limit: int) -> list[PlanChange]:
    """Up to `limit` changes, newest first, without the newest `offset`; for root users.

    `counts.plan_change_count` is the total.
    """
    require_root(principal.user)
    key_of = partial(keys.plan_change, principal.account.id)
    items = ctx.tables.query_numbered(key_of, newest=principal.account.counts.plan_change_count - offset, limit=limit)
    return [read_plan_change(item) for item in items]


def _subscription(ctx: Context, account: Account, opened: BillingPeriod) -> Subscription:
    catalog = ctx.catalogs.version(opened.catalog_version)
    plan = pinned_plan(ctx, opened)
    year = stored_terms(account, plan, opened)
    return Subscription(account, opened, plan._replace(price=year.price) if year else plan, catalog.currency)
