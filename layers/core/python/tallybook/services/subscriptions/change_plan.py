"""A plan changed at once: the old period ends and is invoiced at that instant, and a full month of the new plan begins.

Source: money, "Plan changes". Periods that ended before are closed first, each at its own end, once nothing stands
before the change. One that ends at that very instant has run whole: its invoice is the one that the change is recorded
with. A hard budget is looked at anew, for it restricts nothing in the new month.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tallybook.domain.accounts import Account
from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.events.billing import subscription_changed
from tallybook.domain.ids import INVOICE, SUBSCRIPTION
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import period_of
from tallybook.domain.plan_changes import ChangeReason, PlanChange, check_payable
from tallybook.domain.times import stamp
from tallybook.services.billing.close_period import close_until, closing
from tallybook.services.billing.open_period import opening
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.lookup import find_account
from tallybook.services.subscriptions.quote import (
    PlanChangeQuote,
    plan_change_in_progress,
    plan_change_of,
    quote_change,
)
from tallybook.store.accounts import set_plan
from tallybook.store.commands import Check
from tallybook.store.events import mark_dirty
from tallybook.store.periods import never_opened
from tallybook.store.plan_changes import put_plan_change
from tallybook.store.table import WriteConflict

_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class ChangedPlan:
    """The account as it is now, its period, its change of plan, and the invoice of the period that this ended."""

    account: Account
    opened: BillingPeriod
    change: PlanChange
    invoice: Invoice


def change_plan(
    ctx: Context,
    account: Account,
    plan: str,
    *,
    actor: Actor,
    must_pay: bool,
    reason: ChangeReason | None = None,
) -> ChangedPlan:
    """The account, as it was read just now, on the plan from now on; `must_pay` where that needs money first.

    `reason` is up or down, by the prices, unless it is told. Refused as `quote_change` says, and PaymentRequired;
    Conflict `plan_change_in_progress` also where another change came first. What is refused has written
    nothing, but where the account changed while its ended periods were closed.
    """
    first = account

    def planned(account: Account, now: datetime) -> PlanChangeQuote:
        if account.plan != first.plan:
            raise plan_change_in_progress()
        planned = quote_change(ctx, account, plan, now=now, reason=reason)
        if not planned.is_open:
            raise WriteConflict(())
        if must_pay:
            check_payable(planned.account, planned.old, planned.new)
        return planned

    def change(account: Account) -> ChangedPlan:
        now = ctx.clock.now()
        wanted = planned(account, now)
        if wanted.ended:
            close_until(ctx, account.id, now - _TICK, actor=INVOICING)
            wanted = planned(find_account(ctx, account.id), now)
            if wanted.ended:
                raise WriteConflict(())
        return _change(ctx, wanted, actor=actor, reason=reason)

    return retry_on_conflict(ctx, change, first, reload=lambda: find_account(ctx, first.id))


def _change(ctx: Context, planned: PlanChangeQuote, *, actor: Actor, reason: ChangeReason | None) -> ChangedPlan:
    account, after, catalog, now = planned.account, planned.after, planned.catalog, planned.now
    closed = closing(ctx, account, planned.bill, after=after, catalog=catalog, now=now, actor=actor)
    opened = opening(ctx, after, closed.closing_cursor.period, catalog=catalog)
    change = plan_change_of(planned, following=opened.period, reason=reason)
    told = Change(
        actor,
        "subscription.changed",
        SUBSCRIPTION + account.subscription_id,
        before={"plan_name": change.old_plan},
        after={"plan_name": change.new_plan, "invoice_id": INVOICE + closed.invoice.id, "refund": change.refund},
        events=(subscription_changed(change),),
    )
    ctx.tables.transact(
        [
            *closed.commands,
            set_plan(account, after),
            *put_plan_change(account, change),
            *_nothing_after(account, now=now),
            *([mark_dirty(account.id, now=stamp(now))] if account.hard_limit is not None else []),
            *record(account, closed.change, told, at=now),
        ]
    )
    return ChangedPlan(replace(after, closing_cursor=closed.closing_cursor), opened, change, closed.invoice)


def _nothing_after(account: Account, *, now: datetime) -> tuple[Check, ...]:
    """Nobody has opened the period that would have come next, unless that is the one which begins now."""
    following = period_of(account.schedule, account.closing_cursor.period.end)
    return () if following.start == now else (never_opened(account.id, following),)
