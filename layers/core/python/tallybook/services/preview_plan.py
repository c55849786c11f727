"""What a change of plan would charge and credit if it were made now; nothing is written.

It is worked out as the change itself is: the ended periods that are not closed yet come first, for they are paid from
the same balance and may carry something on.
"""

from dataclasses import replace
from datetime import datetime

from tallybook.domain.accounts import Account, require_root
from tallybook.domain.catalog import Plan
from tallybook.domain.credentials import Principal
from tallybook.domain.cycle import Cycle
from tallybook.domain.fees import Fee, FeeTime, fee_for
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import period_of, year_of
from tallybook.domain.plan_changes import PlanPreview, check_pace, missing_payment
from tallybook.domain.quotas import check_fits
from tallybook.services.bill_period import PeriodBill, bill_period
from tallybook.services.change_plan import as_recorded, cut_period, in_progress, old_plan, on_plan, wanted_plan
from tallybook.services.context import Context


def preview_plan(ctx: Context, who: Principal, plan: str) -> PlanPreview:
    """For root users; refused as the change itself is, but told where only a payment is missing."""
    require_root(who.user)
    now = ctx.clock.now()
    new = wanted_plan(ctx, who.account, plan)
    account, ended = _after_closing(ctx, who.account, now=now)
    check_pace(account, now=now)
    check_fits(account.allocated, new.quotas, field="plan_name")
    bill = cut_period(ctx, account, now=now, after=ended)
    if not all(one.opened.is_open for one in (*ended, bill)):
        raise in_progress()
    old = old_plan(ctx, bill)
    after = on_plan(account, new, now=now)
    following = period_of(after.calendar, now)
    yearly = new.billing_interval == "year"
    invoiced_at = year_of(after.calendar, following)[1] if yearly else following.end
    return PlanPreview(
        change=as_recorded(account, bill, old=old, new=new, following=following, now=now),
        invoice=_issued(account, bill, now=now),
        fee=_whole_fee(ctx, account, new),
        fee_invoiced_at=invoiced_at if new.price else None,
        missing=missing_payment(account, old, new),
    )


def _after_closing(ctx: Context, account: Account, *, now: datetime) -> tuple[Account, tuple[PeriodBill, ...]]:
    """The account as it will be once its ended periods are closed, and their bills."""
    bills: tuple[PeriodBill, ...] = ()
    while account.cycle.period.end < now:
        bill = bill_period(ctx, account, account.cycle.period, now=now, after=bills)
        invoice = _issued(account, bill, now=now)
        following = period_of(account.calendar, account.cycle.period.end)
        account = replace(
            account,
            balance=account.balance - invoice.paid_by_balance,
            cycle=Cycle(following, carried=invoice.carried),
        )
        bills = (*bills, bill)
    return account, bills


def _issued(account: Account, bill: PeriodBill, *, now: datetime) -> Invoice:
    """The invoice as it would be issued: what the balance pays of it, and what is left to pay."""
    return bill.invoice.issued(number=account.issued + 1, now=now).paid_from(account.balance, at=now)


def _whole_fee(ctx: Context, account: Account, plan: Plan) -> Fee:
    """What the plan costs this account for a whole month or year."""
    currency = ctx.catalogs.current().currency
    return fee_for(plan.price, FeeTime(whole=1) if plan.price else None, discount=account.discount, currency=currency)
