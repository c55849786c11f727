"""A change of plan as it would be made now, worked out from what is read: a preview shows it, and a change makes it.

The ended periods that are not closed yet come first, for they are paid from the same balance and may carry something
on. Nothing is written, so that what is refused on it leaves everything as it was, and those periods open for the usage
that may still come in their 30 minutes.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account, require_active
from tallybook.domain.catalog import Catalog, Plan
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.errors import Conflict, Invalid
from tallybook.domain.ids import derived_id
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period, period_of, since, with_anchor
from tallybook.domain.plan_changes import ChangeReason, PlanChange, check_change_rate, reason_for
from tallybook.domain.quotas import check_fits
from tallybook.domain.usage import MARKER_LIFE
from tallybook.services.billing.bill_period import PeriodBill, bill_period
from tallybook.services.context import Context


@dataclass(frozen=True, slots=True)
class PlanChangeQuote:
    """From `old`, as the present period pinned it, to `new`, as the `catalog` sells it that the next one is to pin.

    `account` is as it will be once its `ended` periods are closed; `bill` is the present period's, cut now.
    """

    account: Account
    ended: tuple[PeriodBill, ...]
    bill: PeriodBill
    catalog: Catalog
    old: Plan
    new: Plan
    now: datetime

    @property
    def is_open(self) -> bool:
        """Nobody had closed any of its periods by the time they were read; else the account is to be read again."""
        return all(one.opened.is_open for one in (*self.ended, self.bill))

    @property
    def after(self) -> Account:
        """The account on the new plan from now on, which its periods then follow from."""
        schedule = since(with_anchor(self.account.schedule, self.now), self.now - MARKER_LIFE)
        return replace(self.account, plan=self.new.name, schedule=schedule)


def quote_change(
    ctx: Context, account: Account, plan: str, *, now: datetime, reason: ChangeReason | None = None
) -> PlanChangeQuote:
    """Invalid `plan_name` for a plan that is not sold or that it is on already, or `quota_exceeds_plan` where the
    active allocations don't fit it, unless its own was retired; Forbidden `account_suspended`; NotFound for a deleted
    account; TooManyRequests; Conflict where the present period has only just begun.
    """
    require_active(account)
    catalog = ctx.catalogs.current()
    new = catalog.plans.get(plan)
    if new is None:
        raise Invalid(f"plan_name must be one of {', '.join(catalog.plans)}", code="unknown_plan", field="plan_name")
    if plan == account.plan:
        raise Invalid("plan_name is the plan that the account is on", code="same_plan", field="plan_name")
    if reason != "plan_retired":
        check_fits(account.allocated, new.quotas, field="plan_name")
    account, ended = _after_closing(ctx, account, now=now)
    check_change_rate(account, now=now)
    if account.closing_cursor.period.start >= now:
        raise plan_change_in_progress()
    bill = bill_period(ctx, account, account.closing_cursor.period, now=now, cut=now, after=ended)
    old = ctx.catalogs.version(bill.opened.catalog_version).plans[bill.opened.plan]
    return PlanChangeQuote(account, ended, bill, catalog, old, new, now)


def plan_change_in_progress() -> Conflict:
    return Conflict("The subscription was changed at the same moment; try again", code="plan_change_in_progress")


def plan_change_of(planned: PlanChangeQuote, *, following: Period, reason: ChangeReason | None = None) -> PlanChange:
    """The account's next change of plan, as its history keeps it."""
    account, bill, old, new = planned.account, planned.bill, planned.old, planned.new
    number = account.counts.plan_change_count + 1
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
        refund=bill.fee.proration_credit,
        old_price=old.price,
        new_price=new.price,
        invoice_id=bill.invoice.id,
        changed_at=planned.now,
    )


def issued(account: Account, bill: PeriodBill, *, now: datetime) -> Invoice:
    """The invoice as it would be issued: what the balance pays of it, and what is left to pay."""
    return bill.invoice.issued(number=account.counts.issued_count + 1, now=now).paid_from(
        account.wallet.balance, at=now
    )


def _after_closing(ctx: Context, account: Account, *, now: datetime) -> tuple[Account, tuple[PeriodBill, ...]]:
    """The account as it will be once its ended periods are closed, and their bills."""
    bills: tuple[PeriodBill, ...] = ()
    while account.closing_cursor.period.end < now:
        bill = bill_period(ctx, account, account.closing_cursor.period, now=now, after=bills)
        invoice = issued(account, bill, now=now)
        following = period_of(account.schedule, account.closing_cursor.period.end)
        account = replace(
            account,
            closing_cursor=ClosingCursor(following, carried_credit=invoice.carried_credit),
            wallet=replace(account.wallet, balance=account.wallet.balance - invoice.paid_by_balance),
        )
        bills = (*bills, bill)
    return account, bills
