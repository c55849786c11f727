"""Change an account's plan at once: the current period ends now and is invoiced, and a month of the new plan begins.

Periods that ended before now are closed first, each at its own end. A period that ends exactly now is closed by the
change. An account with a hard budget is marked dirty, because the budget starts again with the new month.
Source: docs/money.md, "Plan changes".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tallybook.domain.accounts import Account
from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.events.billing import subscription_changed
from tallybook.domain.ids import INVOICE, SUBSCRIPTION
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import period_of
from tallybook.domain.plan_changes import ChangeReason, PlanChange
from tallybook.domain.times import stamp
from tallybook.services.billing.base_fees import check_base_fees
from tallybook.services.billing.close_period import close_until, prepare_closing
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.lookup import find_account
from tallybook.services.subscriptions.quote import (
    PlanChangeQuote,
    find_missing_payment,
    plan_change_in_progress,
    plan_change_of,
    quote_change,
)
from tallybook.store.accounts import set_plan
from tallybook.store.commands import Check, Command
from tallybook.store.conflicts import WriteConflict
from tallybook.store.events import mark_dirty
from tallybook.store.periods import check_never_opened
from tallybook.store.plan_changes import put_plan_change

_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class ChangedPlan:
    """The account on its new plan, its new period, and the invoice of the period that the change ended."""

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
    also: Callable[[ChangedPlan], Sequence[Command]] = lambda _: (),
) -> ChangedPlan:
    """Put the account, which was just read, on the new plan; for the operator also a suspended one.

    `must_pay`: raise PaymentRequired if a payment is missing. A `reason` of None is derived from the prices,
    or is `operator_change` for the operator. `also`: more commands of the change's transaction. Errors as in
    `quote_change`; also Conflict `plan_change_in_progress` if another change of plan came first. A refused change
    writes nothing, unless the account changed while its ended periods were closed.
    """
    first, by_operator = account, actor.kind == "operator"
    if by_operator and reason is None:
        reason = "operator_change"

    def quote(account: Account, now: datetime) -> PlanChangeQuote:
        if account.plan != first.plan:
            raise plan_change_in_progress()
        quoted = quote_change(ctx, account, plan, now=now, reason=reason, by_operator=by_operator)
        if not quoted.is_open:
            raise WriteConflict(())
        if must_pay and (missing := find_missing_payment(ctx, quoted)):
            raise missing
        return quoted

    def change(account: Account) -> ChangedPlan:
        now = ctx.clock.now()
        quoted = quote(account, now)
        if quoted.ended:
            close_until(ctx, account.id, now - _TICK, actor=INVOICING)
            quoted = quote(find_account(ctx, account.id), now)
            if quoted.ended:
                raise WriteConflict(())
        return _change(ctx, quoted, actor=actor, reason=reason, also=also)

    return retry_on_conflict(ctx, change, first, reload=lambda: find_account(ctx, first.id))


def _change(
    ctx: Context,
    quote: PlanChangeQuote,
    *,
    actor: Actor,
    reason: ChangeReason | None,
    also: Callable[[ChangedPlan], Sequence[Command]],
) -> ChangedPlan:
    account, after, catalog, now = quote.account, quote.after, quote.catalog, quote.now
    closed = prepare_closing(ctx, account, quote.bill, after=after, catalog=catalog, now=now, actor=actor)
    opened = closed.following.opened
    change = plan_change_of(quote, following=opened.period, reason=reason)
    audited = Change(
        actor,
        "subscription.changed",
        SUBSCRIPTION + account.subscription_id,
        before={"plan_name": change.old_plan},
        after={"plan_name": change.new_plan, "invoice_id": INVOICE + closed.invoice.id, "refund": change.refund},
        events=(subscription_changed(change),),
    )
    changed = replace(after, closing_cursor=closed.closing_cursor, fee_year=closed.following.fee_year)
    result = ChangedPlan(changed, opened, change, closed.invoice)
    ctx.tables.transact(
        [
            *closed.commands,
            set_plan(account, after),
            *put_plan_change(account, change),
            *_check_next_unopened(account, now=now),
            *(
                [mark_dirty(account.id, now=stamp(now))]
                if account.hard_limit is not None
                else check_base_fees(ctx, account, opened, now=now)
            ),
            *record(account, closed.change, audited, at=now),
            *also(result),
        ]
    )
    return result


def _check_next_unopened(account: Account, *, now: datetime) -> tuple[Check, ...]:
    """The period after the current one must not be opened yet, unless it begins now with the new plan."""
    following = period_of(account.schedule, account.closing_cursor.period.end)
    return () if following.start == now else (check_never_opened(account.id, following),)
