"""A plan changed at once: the old period ends and is invoiced at that instant, and a full month of the new plan begins.

Source: money, "Plan changes". Periods that ended before are closed first, each at its own end. One that ends at that
very instant has run whole: its invoice is the one that the change is recorded with.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tallybook.domain.accounts import Account, require_active
from tallybook.domain.announcements import subscription_changed
from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.catalog import Plan
from tallybook.domain.errors import Conflict, Invalid
from tallybook.domain.ids import INVOICE, SUBSCRIPTION, derived_id
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period, period_of, since, with_anchor
from tallybook.domain.plan_changes import ChangeReason, PlanChange, check_pace, check_payable, reason_for
from tallybook.domain.quotas import check_fits
from tallybook.domain.usage import MARKER_LIFE
from tallybook.domain.usage_period import OpenedPeriod
from tallybook.services.bill_period import PeriodBill, bill_period
from tallybook.services.changes import Change, decided, recorded
from tallybook.services.close_period import close_until, closing
from tallybook.services.context import Context
from tallybook.services.directory import find_account
from tallybook.services.periods import opening
from tallybook.store.accounts import set_plan
from tallybook.store.commands import Check
from tallybook.store.periods import never_opened
from tallybook.store.plan_changes import put_plan_change
from tallybook.store.table import Refused

_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class ChangedPlan:
    """The account as it is now, its period, its change of plan, and the invoice of the period that this ended."""

    account: Account
    opened: OpenedPeriod
    change: PlanChange
    invoice: Invoice


def change_plan(
    ctx: Context,
    account: Account,
    plan: str,
    *,
    actor: Actor,
    must_pay: bool = False,
    reason: ChangeReason | None = None,
) -> ChangedPlan:
    """The account, as it was read just now, on the plan from now on; `must_pay` where that needs money first.

    `reason` is up or down, by the prices, unless it is told. Invalid `plan_name` for a plan that is not sold or that it
    is on already; Forbidden `account_suspended`; PaymentRequired; Conflict `plan_change_in_progress` where another
    change came first; TooManyRequests.
    """
    first = account
    new = wanted_plan(ctx, first, plan)

    def change(account: Account) -> ChangedPlan:
        now = ctx.clock.now()
        while account.cycle.period.end < now:
            close_until(ctx, account.id, now - _TICK, actor=INVOICING)
            account = find_account(ctx, account.id)
        if account.plan != first.plan:
            raise in_progress()
        require_active(account)
        check_pace(account, now=now)
        bill = cut_period(ctx, account, now=now)
        if not bill.opened.is_open:  # somebody closed it after the account was read
            raise Refused(())
        old = old_plan(ctx, bill)
        if reason != "plan_retired":  # then allocations stand, and the smaller limit counts
            check_fits(account.allocated, new.quotas, field="plan_name")
        if must_pay:
            check_payable(account, old, new)
        return _change(ctx, account, bill, old=old, new=new, now=now, actor=actor, reason=reason)

    return decided(ctx, first, change, again=lambda: find_account(ctx, first.id))


def wanted_plan(ctx: Context, account: Account, name: str) -> Plan:
    """The plan as it is sold now; refused where the account can't change to it."""
    require_active(account)
    plan = ctx.catalogs.current().plans.get(name)
    if plan is None:
        raise Invalid("plan_name is none of the plans that are sold", code="unknown_plan", field="plan_name")
    if name == account.plan:
        raise Invalid("plan_name is the plan that the account is on", code="same_plan", field="plan_name")
    return plan


def in_progress() -> Conflict:
    return Conflict("The subscription was changed at the same moment; try again", code="plan_change_in_progress")


def cut_period(
    ctx: Context, account: Account, *, now: datetime, after: tuple[PeriodBill, ...] | None = None
) -> PeriodBill:
    """The present period as a change at this instant bills it; Conflict where it has only just begun.

    `after` is as in `bill_period`.
    """
    if account.cycle.period.start >= now:
        raise in_progress()
    return bill_period(ctx, account, account.cycle.period, now=now, cut=now, after=after)


def old_plan(ctx: Context, bill: PeriodBill) -> Plan:
    """The plan that the period pinned, at the price it is billed at."""
    return ctx.catalogs.version(bill.opened.catalog_version).plans[bill.opened.plan]


def on_plan(account: Account, plan: Plan, *, now: datetime) -> Account:
    """The account on the plan from that instant, which its periods then follow from."""
    return replace(account, plan=plan.name, calendar=since(with_anchor(account.calendar, now), now - MARKER_LIFE))


def as_recorded(
    account: Account,
    bill: PeriodBill,
    *,
    old: Plan,
    new: Plan,
    following: Period,
    now: datetime,
    reason: ChangeReason | None = None,
) -> PlanChange:
    """The account's next change of plan, as its history keeps it."""
    number = account.changes + 1
    return PlanChange(
        id=derived_id("plan change", account.id, str(number)),
        account_id=account.id,
        number=number,
        subscription_id=account.subscription_id,
        old_plan=old.name,
        new_plan=new.name,
        reason=reason or reason_for(old, new),
        old_period=bill.opened.period,
        new_period=following,
        refund=bill.fee.unused,
        old_price=old.price,
        new_price=new.price,
        invoice_id=bill.invoice.id,
        changed_at=now,
    )


def _change(
    ctx: Context,
    account: Account,
    bill: PeriodBill,
    *,
    old: Plan,
    new: Plan,
    now: datetime,
    actor: Actor,
    reason: ChangeReason | None,
) -> ChangedPlan:
    after = on_plan(account, new, now=now)
    closed = closing(ctx, account, bill, after=after, now=now, actor=actor)
    opened = opening(ctx, after, closed.cycle.period)
    change = as_recorded(account, bill, old=old, new=new, following=opened.period, now=now, reason=reason)
    told = Change(
        actor,
        "subscription.changed",
        SUBSCRIPTION + account.subscription_id,
        before={"plan_name": old.name},
        after={"plan_name": new.name, "invoice_id": INVOICE + closed.invoice.id, "refund": change.refund},
        events=(subscription_changed(change),),
    )
    ctx.tables.transact(
        [
            *closed.commands,
            set_plan(account, after),
            *put_plan_change(account, change),
            *_nothing_after(account, now=now),
            *recorded(account, closed.change, told, at=now),
        ]
    )
    return ChangedPlan(replace(after, cycle=closed.cycle), opened, change, closed.invoice)


def _nothing_after(account: Account, *, now: datetime) -> tuple[Check, ...]:
    """Nobody has opened the period that would have come next, unless that is the one which begins now."""
    following = period_of(account.calendar, account.cycle.period.end)
    return () if following.start == now else (never_opened(account.id, following),)
