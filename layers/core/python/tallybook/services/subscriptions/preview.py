"""What a change of plan would charge and credit if it were made now; nothing is written."""

from tallybook.domain.accounts import require_root
from tallybook.domain.credentials import Principal
from tallybook.domain.fees import Fee, FeeTime, fee_for
from tallybook.domain.periods import period_of, year_of
from tallybook.domain.plan_changes import PlanPreview, missing_payment
from tallybook.services.context import Context
from tallybook.services.subscriptions.quote import (
    PlanChangeQuote,
    issued,
    plan_change_in_progress,
    plan_change_of,
    quote_change,
)


def preview_plan(ctx: Context, principal: Principal, plan: str) -> PlanPreview:
    """For root users; refused as the change itself is, but told where only a payment is missing."""
    require_root(principal.user)
    planned = quote_change(ctx, principal.account, plan, now=ctx.clock.now())
    if not planned.is_open:
        raise plan_change_in_progress()
    account, new, now = planned.account, planned.new, planned.now
    schedule = planned.after.schedule
    following = period_of(schedule, now)
    invoiced_at = year_of(schedule, following)[1] if new.billing_interval == "year" else following.end
    return PlanPreview(
        change=plan_change_of(planned, following=following),
        invoice=issued(account, planned.bill, now=now),
        fee=_whole_fee(planned),
        fee_invoiced_at=invoiced_at if new.price else None,
        missing=missing_payment(account, planned.old, new),
    )


def _whole_fee(planned: PlanChangeQuote) -> Fee:
    """What the plan costs this account for a whole month or year."""
    price = planned.new.price
    time = FeeTime(whole=1) if price else None
    return fee_for(price, time, discount=planned.account.billing.discount, currency=planned.catalog.currency)
