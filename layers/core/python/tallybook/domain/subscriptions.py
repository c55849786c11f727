"""An account's subscription, and the list of plans."""

from dataclasses import dataclass

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan


@dataclass(frozen=True, slots=True)
class Subscription:
    """`opened` is the current period; `plan` is the version of the plan that it pinned, at the price of its year."""

    account: Account
    opened: BillingPeriod
    plan: Plan
    currency: str


@dataclass(frozen=True, slots=True)
class PlanList:
    plans: tuple[Plan, ...]
    currency: str
