"""Quotes a change of plan, for the preview and for the change itself. Writes nothing.

The quote includes the periods that ended but are not closed yet, because they are paid from the same balance and may
have a carried credit. They stay open: their usage may still arrive within the 30 minutes of grace.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account, require_active, require_existing
from tallybook.domain.catalog import Catalog, Plan
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.errors import Conflict, Invalid, PaymentRequired
from tallybook.domain.fees import fee_year_from
from tallybook.domain.ids import derived_id
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period, period_of, with_anchor
from tallybook.domain.plan_changes import (
    ChangeReason,
    PlanChange,
    check_change_rate,
    missing_payment,
    reason_for,
    with_schedule,
)
from tallybook.domain.quotas import check_fits
from tallybook.domain.receivables import after_invoice
from tallybook.services.billing.bill_period import PeriodBill, bill_period
from tallybook.services.billing.issue_invoice import issued
from tallybook.services.billing.pay_unpaid import with_unpaid
from tallybook.services.billing.pinned import pinned_plan
from tallybook.services.context import Context
from tallybook.store.ledger import read_welcome


@dataclass(frozen=True, slots=True)
class PlanChangeQuote:
    """From plan `old`, as the current period pinned it, to `new`, from the `catalog` that the new period will pin. The
    price of a yearly `old` is that of its year.

    `account` is the account after its `ended` periods are closed. `bill` is that of the current period, which ends now.
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
        """Whether all its periods were open when they were read; if not, the account has to be read again."""
        return all(bill.billing_period.is_open for bill in (*self.ended, self.bill))

    @property
    def after(self) -> Account:
        """The account on the new plan, with a schedule whose anchor is now."""
        changed = replace(self.account, plan=self.new.name)
        return with_schedule(changed, with_anchor(self.account.schedule, self.now), now=self.now)


def quote_change(
    ctx: Context,
    account: Account,
    plan: str,
    *,
    now: datetime,
    reason: ChangeReason | None = None,
    by_operator: bool = False,
) -> PlanChangeQuote:
    """The account's change to the plan of this name.

    Invalid `unknown_plan`, `same_plan`, or `quota_exceeds_plan` if the active allocations don't fit the plan, which is
    not checked for the reason `plan_retired`. Forbidden `account_suspended`, except for the operator; NotFound for a
    deleted account; TooManyRequests over 20 changes in 36 days; Conflict `plan_change_in_progress` if the current
    period begins now.
    """
    (require_existing if by_operator else require_active)(account)
    catalog = ctx.catalogs.current()
    new = catalog.plans.get(plan)
    if new is None:
        raise Invalid(f"plan_name must be one of {', '.join(catalog.plans)}", code="unknown_plan", field="plan_name")
    if plan == account.plan:
        raise Invalid("plan_name is the plan that the account is on", code="same_plan", field="plan_name")
    if reason != "plan_retired":
        check_fits(account.allocated, new.quotas, field="plan_name")
    account, ended = _bill_ended(ctx, with_unpaid(ctx, account), now=now)
    check_change_rate(account, now=now)
    if account.closing_cursor.period.start >= now:
        raise plan_change_in_progress()
    bill = bill_period(ctx, account, account.closing_cursor.period, now=now, cut=now, preceding=ended)
    old = pinned_plan(ctx, bill.billing_period)._replace(price=bill.terms.price)
    return PlanChangeQuote(account, ended, bill, catalog, old, new, now)


def find_missing_payment(ctx: Context, quote: PlanChangeQuote) -> PaymentRequired | None:
    """The error of the change if a payment is needed first; one read more for an account stored without `welcome`."""
    welcome = quote.account.wallet.welcome
    if welcome is None:
        welcome = read_welcome(ctx.tables, quote.account) if quote.new.price else 0
    return missing_payment(quote.account, quote.old, quote.new, welcome=welcome)


def plan_change_in_progress() -> Conflict:
    return Conflict("The subscription was changed at the same moment; try again", code="plan_change_in_progress")


def plan_change_of(quote: PlanChangeQuote, *, following: Period, reason: ChangeReason | None = None) -> PlanChange:
    """The entry in the account's history of plan changes; `following` is the new plan's first period."""
    account, bill, old, new = quote.account, quote.bill, quote.old, quote.new
    number = account.counts.plan_change_count + 1
    return PlanChange(
        id=derived_id("plan change", account.id, str(number)),
        account_id=account.id,
        number=number,
        subscription_id=account.subscription_id,
        old_plan=old.name,
        new_plan=new.name,
        reason=reason or reason_for(old, new),
        old_period=bill.billing_period.period,
        new_period=following,
        refund=bill.fee.proration_credit,
        old_price=old.price,
        new_price=new.price,
        invoice_id=bill.invoice.id,
        changed_at=quote.now,
    )


def invoice_of(account: Account, bill: PeriodBill, *, now: datetime) -> Invoice:
    """The bill's invoice under the account's next number, paid from the balance as far as that reaches."""
    return issued(bill.invoice, account, now=now)


def _bill_ended(ctx: Context, account: Account, *, now: datetime) -> tuple[Account, tuple[PeriodBill, ...]]:
    """The account after its ended periods are closed, and their bills; nothing is written."""
    bills: tuple[PeriodBill, ...] = ()
    while account.closing_cursor.period.end < now:
        bill = bill_period(ctx, account, account.closing_cursor.period, now=now, preceding=bills)
        invoice = invoice_of(account, bill, now=now)
        following = period_of(account.schedule, account.closing_cursor.period.end)
        account = replace(
            after_invoice(account, None, invoice),
            fee_year=fee_year_from(account, pinned_plan(ctx, bill.billing_period), bill.billing_period),
            closing_cursor=ClosingCursor(following, carried_credit=invoice.carried_credit),
            corrections=bill.left,
            wallet=account.wallet._replace(balance=account.wallet.balance - invoice.paid_by_balance),
        )
        bills = (*bills, bill)
    return account, bills
