"""Changes of an account's plan: what each was, when one needs money first, and how it is told. Source: money, "Plan
changes"; ScaleBox account management, "List Subscription Change History".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from tallybook.domain.accounts import Account
from tallybook.domain.catalog import Plan
from tallybook.domain.errors import PaymentRequired, TooManyRequests
from tallybook.domain.fees import Fee
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period, changes_of, since
from tallybook.domain.usage import MARKER_LIFE

type ChangeReason = Literal["user_upgrade", "user_downgrade", "plan_retired"]

MAX_CHANGES = 20
"""Within the 36 days for which an account keeps the calendars that its periods followed from, as a part of itself.

It also bounds how many closed periods may have late usage, all of which stands on one invoice: one transaction.
"""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One change of plan, the account's `number`th; prices and the refund are micros.

    `refund` is the credit for the unused part of the old fee, which stands on the invoice of the period that it ended.
    """

    id: str
    account_id: str
    number: int
    subscription_id: str
    old_plan: str
    new_plan: str
    reason: ChangeReason
    old_period: Period
    new_period: Period
    refund: int
    old_price: int
    new_price: int
    invoice_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """What a change of plan would be if it were made now: the record of it, and the invoice that it would issue.

    `fee` is what a whole month or year of the new plan comes to, and `fee_invoiced_at` when it is first invoiced, None
    where it is free. `missing` is what has to be paid before, if anything.
    """

    change: PlanChange
    invoice: Invoice
    fee: Fee
    fee_invoiced_at: datetime | None
    missing: PaymentRequired | None


def reason_for(old: Plan, new: Plan) -> ChangeReason:
    """Up where a month of it costs as much or more."""
    return "user_upgrade" if is_dearer(old, new) or _month(new) == _month(old) else "user_downgrade"


def is_dearer(old: Plan, new: Plan) -> bool:
    return _month(new) > _month(old)


def check_change_rate(account: Account, *, now: datetime) -> None:
    """TooManyRequests once the account's periods have changed 20 times in 36 days, by another plan or zone."""
    recent = changes_of(since(account.schedule, now - MARKER_LIFE))
    if len(recent) >= MAX_CHANGES:
        left = recent[0] + MARKER_LIFE - now
        raise TooManyRequests(
            f"The plan was changed {MAX_CHANGES} times in {MARKER_LIFE.days} days; try again later",
            retry_after=max(1, -(-left // timedelta(seconds=1))),
        )


def check_payable(account: Account, old: Plan, new: Plan) -> None:
    """PaymentRequired where money is needed first."""
    if missing := missing_payment(account, old, new):
        raise missing


def missing_payment(account: Account, old: Plan, new: Plan) -> PaymentRequired | None:
    """A plan with a price needs money of one's own in the wallet; a dearer one also that no invoice is overdue."""
    if new.price and min(account.wallet.balance, account.wallet.credited) <= 0:
        return PaymentRequired("This plan needs a verified payment method or a balance above zero")
    if is_dearer(old, new) and account.counts.overdue_count:
        return PaymentRequired("An invoice is overdue; pay it first", code="invoice_overdue")
    return None


def _month(plan: Plan) -> Fraction:
    return Fraction(plan.price, 12 if plan.billing_interval == "year" else 1)
