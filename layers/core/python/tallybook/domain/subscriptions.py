"""Which plans there are, and what an account's subscription says."""

from dataclasses import dataclass

from tallybook.domain.accounts import Account
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.catalog import Plan


@dataclass(frozen=True, slots=True)
class Subscription:
    """An account's subscription with its plan, as the current period pinned it."""

    account: Account
    opened: BillingPeriod
    plan: Plan
    currency: str


@dataclass(frozen=True, slots=True)
class PlanList:
    plans: tuple[Plan, ...]
    currency: str
