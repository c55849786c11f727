"""A plan changed at once: the old period ends and is invoiced at that instant, and a full month of the new plan begins.

Source: money, "Plan changes". Periods that ended before are closed first, each at its own end.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account, require_active
from tallybook.domain.audit import Actor
from tallybook.domain.errors import Conflict, Invalid
from tallybook.domain.ids import INVOICE, SUBSCRIPTION
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import period_of, since, with_anchor
from tallybook.domain.usage import MARKER_LIFE
from tallybook.services.bill_period import bill_period
from tallybook.services.changes import Change, decided, recorded
from tallybook.services.close_period import close_until, closing
from tallybook.services.context import Context
from tallybook.services.directory import find_account
from tallybook.store.accounts import set_plan
from tallybook.store.periods import never_opened


@dataclass(frozen=True, slots=True)
class ChangedPlan:
    """The account as it is now, and the invoice of the period that the change ended."""

    account: Account
    invoice: Invoice


def change_plan(ctx: Context, account_id: str, plan: str, *, actor: Actor) -> ChangedPlan:
    """The account on the plan from now on.

    NotFound for an unknown account; Invalid `plan_name` for a plan that is not sold or that it is on already;
    Forbidden `account_suspended`; Conflict `plan_change_in_progress` where another change came first.
    """
    first = find_account(ctx, account_id)
    _check(ctx, first, plan)

    def change(account: Account) -> ChangedPlan:
        now = ctx.clock.now()
        while account.cycle.period.end <= now:
            close_until(ctx, account_id, now, actor=actor)
            account = find_account(ctx, account_id)
        if account.plan != first.plan or account.cycle.period.start >= now:
            raise Conflict("The subscription was changed at the same moment; try again", code="plan_change_in_progress")
        require_active(account)
        return _change(ctx, account, plan, now=now, actor=actor)

    return decided(ctx, first, change, again=lambda: find_account(ctx, account_id))


def _check(ctx: Context, account: Account, plan: str) -> None:
    require_active(account)
    if plan not in ctx.catalogs.current().plans:
        raise Invalid("There is no such plan", code="unknown_plan", field="plan_name")
    if plan == account.plan:
        raise Invalid("The account is on this plan already", code="same_plan", field="plan_name")


def _change(ctx: Context, account: Account, plan: str, *, now: datetime, actor: Actor) -> ChangedPlan:
    bill = bill_period(ctx, account, account.cycle.period, now=now, cut=now)
    after = replace(account, plan=plan, calendar=since(with_anchor(account.calendar, now), now - MARKER_LIFE))
    closed = closing(ctx, account, bill, after=after, now=now, actor=actor)
    told = Change(
        actor,
        "subscription.changed",
        SUBSCRIPTION + account.subscription_id,
        before={"plan_name": account.plan},
        after={"plan_name": plan, "invoice_id": INVOICE + closed.invoice.id},
    )
    changes = recorded(account, closed.change, told, at=now)
    next_of_old = period_of(account.calendar, account.cycle.period.end)
    ctx.tables.transact([*closed.commands, set_plan(account, after), never_opened(account.id, next_of_old), *changes])
    return ChangedPlan(replace(after, cycle=closed.cycle), closed.invoice)
