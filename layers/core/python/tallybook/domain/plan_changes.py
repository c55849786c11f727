"""Changes of an account's plan: the record of each, its preview, and the payment that it needs first.

Source: docs/money.md, "Plan changes"; ScaleBox account management, "List Subscription Change History".
"""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Literal, NamedTuple

from tallybook.domain.accounts import Account
from tallybook.domain.catalog import Plan
from tallybook.domain.errors import PaymentRequired, TooManyRequests
from tallybook.domain.fees import Fee
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import BillingSchedule, Period, changes_of, drop_older_schedules
from tallybook.domain.times import whole_seconds
from tallybook.domain.usage import MARKER_LIFE

type ChangeReason = Literal["user_upgrade", "user_downgrade", "plan_retired", "operator_change"]

MAX_CHANGES = 20
"""The most changes of an account's plan or time zone within 36 days.

The account's item stores the schedules of these 36 days. The limit also bounds how many closed periods may have late
usage: it all goes on one invoice, in one transaction.
"""


class PlanChange(NamedTuple):
    """One change of plan, the account's `number`th; prices and the refund are micros.

    `refund` is the credit for the unused part of the old fee; it is a line of the ended period's invoice.
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


class PlanPreview(NamedTuple):
    """What a change of plan would do now: its record and the invoice that it would issue.

    `fee`: the new plan's, for a whole month or year. `fee_invoiced_at`: when the first invoice with it is issued, None
    for a free plan. `missing`: the error of the change, if a payment is needed first.
    """

    change: PlanChange
    invoice: Invoice
    fee: Fee
    fee_invoiced_at: datetime | None
    missing: PaymentRequired | None


def reason_for(old: Plan, new: Plan) -> ChangeReason:
    """An upgrade if a month of the new plan costs at least as much as one of the old plan."""
    return "user_upgrade" if _monthly_price(new) >= _monthly_price(old) else "user_downgrade"


def with_schedule(account: Account, schedule: BillingSchedule, *, now: datetime) -> Account:
    """The account with the new schedule, and without the earlier ones that nothing needs any more.

    Needed are those of an event that may still be sent, of each unclosed period, and of the current suspension.
    """
    oldest = min(now - MARKER_LIFE, account.closing_cursor.period.start, account.suspension.at or now)
    return replace(account, schedule=drop_older_schedules(schedule, oldest))


def check_change_rate(account: Account, *, now: datetime) -> None:
    """TooManyRequests if the account has changed its plan or time zone 20 times in the last 36 days."""
    recent = [change for change in changes_of(account.schedule) if change > now - MARKER_LIFE]
    if len(recent) >= MAX_CHANGES:
        left = recent[0] + MARKER_LIFE - now
        raise TooManyRequests(
            f"The plan or time zone was changed {MAX_CHANGES} times in {MARKER_LIFE.days} days; try again later",
            retry_after=max(1, whole_seconds(left)),
        )


def missing_payment(account: Account, old: Plan, new: Plan, *, welcome: int) -> PaymentRequired | None:
    """The error of a change to a more expensive plan, if an invoice is overdue; and of a change to a plan with a price,
    if the balance is not above the `welcome` credit (micros), which counts as spent last.
    """
    if _monthly_price(new) > _monthly_price(old) and account.counts.overdue_count:
        return PaymentRequired("An invoice is overdue; pay it first", code="invoice_overdue")
    if new.price and account.wallet.balance <= welcome:
        return PaymentRequired("This plan needs a verified payment method or a balance above the welcome credit")
    return None


def _monthly_price(plan: Plan) -> Fraction:
    return Fraction(plan.price, 12 if plan.billing_interval == "year" else 1)
