"""Previews a change of plan: what it would charge and credit now. Writes nothing."""

from tallybook.domain.accounts import require_root
from tallybook.domain.credentials import Principal
from tallybook.domain.fees import Fee, FeeTime, fee_for
from tallybook.domain.periods import period_of, year_of
from tallybook.domain.plan_changes import PlanPreview
from tallybook.services.context import Context
from tallybook.services.subscriptions.quote import (
    PlanChangeQuote,
    find_missing_payment,
    invoice_of,
    plan_change_in_progress,
    plan_change_of,
    quote_change,
)


def preview_plan(ctx: Context, principal: Principal, plan: str) -> PlanPreview:
    """For root users. Errors as in `change_plan`, but a missing payment is returned as `missing`, not raised."""
    require_root(principal.user)
    quote = quote_change(ctx, principal.account, plan, now=ctx.clock.now())
    if not quote.is_open:
        raise plan_change_in_progress()
    account, new, now = quote.account, quote.new, quote.now
    schedule = quote.after.schedule
    following = period_of(schedule, now)
    invoiced_at = year_of(schedule, following)[1] if new.billing_interval == "year" else following.end
    return PlanPreview(
        change=plan_change_of(quote, following=following),
        invoice=invoice_of(account, quote.bill, now=now),
        fee=_whole_fee(quote),
        fee_invoiced_at=invoiced_at if new.price else None,
        missing=find_missing_payment(ctx, quote),
    )


def _whole_fee(quote: PlanChangeQuote) -> Fee:
    """The new plan's fee for a whole month or year, after the account's discount."""
    price = quote.new.price
    time = FeeTime(whole_ms=1) if price else None
    return fee_for(price, time, discount=quote.account.billing.discount, currency=quote.catalog.currency)
