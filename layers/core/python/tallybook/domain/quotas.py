"""Quotas: a plan's limits for the whole account, users' allocations of them, and requests for other allocations.

A quota maps fields to integers. A field that is missing is not limited. Source: ScaleBox account management,
"User Quota Administration"; docs/money.md, "Quotas"; docs/decisions.md, "Quota requests".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Literal, NamedTuple

from tallybook.domain.errors import Conflict, Invalid
from tallybook.domain.money import EXACT
from tallybook.domain.periods import Period

type Quota = Mapping[str, int]
type AllocationStatus = Literal["active", "revoked"]
type RequestStatus = Literal["pending", "approved", "denied"]
type Decision = Literal["approve", "deny"]

MONTHLY: Mapping[str, str] = {
    "cpu_seconds_monthly": "cpu_seconds",
    "ram_gb_seconds": "ram_gb_seconds",
    "sandbox_storage_gb_seconds": "sandbox_storage_gb_seconds",
    "traffic_gb_seconds": "traffic_gb_seconds",
}
"""The fields that limit the usage of a period, each with its meter."""

GAUGE = "template_storage_gb"
GAUGE_METER = "template_storage_gb_hours"
"""The field that limits the GB stored, and its meter: an hour's quantity is the GB stored in that hour."""

CONCURRENT = "concurrent_sandboxes"
FIELDS = (*MONTHLY, GAUGE, CONCURRENT)
MAX_QUOTA = 10**15
MAX_ALLOCATIONS = 1000
MAX_REQUESTS = 1000
NOTIFY_PERCENTAGES = (80, 100)
"""A user gets a mail when these percentages of a field are used. Concurrency is not used up, so it has no mails."""


class UserAllocation(NamedTuple):
    """A user's active allocation, as both the allocation and the user store it."""

    account_id: str
    user_id: str
    allocation_id: str
    quota: Quota


@dataclass(frozen=True, slots=True)
class Allocation:
    """A quota that a root user gave to a user.

    `notified`: the percentage of each field that the user has got a mail about, by the period's start.
    """

    id: str
    account_id: str
    user_id: str
    allocated_by: str
    quota: Quota
    created_at: datetime
    updated_at: datetime
    status: AllocationStatus = "active"
    notified: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def user_allocation(self) -> UserAllocation:
        return UserAllocation(self.account_id, self.user_id, self.id, self.quota)


@dataclass(frozen=True, slots=True)
class QuotaRequest:
    """A user asks for these limits; other fields stay as they are."""

    id: str
    account_id: str
    user_id: str
    quota: Quota
    reason: str
    created_at: datetime
    status: RequestStatus = "pending"
    review_notes: str | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None


class Use(NamedTuple):
    """The used amount of one field; `limit` is None if the field is not limited."""

    field: str
    used: Decimal
    limit: int | None

    @property
    def remaining(self) -> Decimal | None:
        """Never below zero."""
        with localcontext(EXACT):
            return None if self.limit is None else max(Decimal(0), self.limit - self.used)

    @property
    def percentage(self) -> Decimal | None:
        """Two decimals, rounded down; 100 if the limit is 0. None if the field is not limited."""
        if self.limit is None:
            return None
        if self.limit == 0:
            return Decimal(100)
        with localcontext(EXACT):
            return (self.used * 100 / self.limit).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)

    @property
    def reached(self) -> int:
        """The highest of NOTIFY_PERCENTAGES that is reached, 0 for none."""
        percentage = self.percentage
        return 0 if percentage is None else max((one for one in NOTIFY_PERCENTAGES if percentage >= one), default=0)


class UserQuota(NamedTuple):
    """All six fields: what a user has used in the period, and the limits of their allocation."""

    user_id: str
    allocation_id: str | None
    period: Period
    uses: tuple[Use, ...]


def adjust_sums(sums: Quota, *, less: Quota, more: Quota) -> dict[str, int]:
    """The sums of an account's active allocations, without the quota `less` and with the quota `more`."""
    adjusted = {name: sums.get(name, 0) - less.get(name, 0) + more.get(name, 0) for name in FIELDS}
    return {name: amount for name, amount in adjusted.items() if amount}


def check_fits(sums: Quota, plan: Quota, *, field: str | None = None) -> None:
    """Invalid `quota_exceeds_plan`, with field, sum and limit, if the allocations exceed the plan."""
    over = [name for name in FIELDS if name in plan and sums.get(name, 0) > plan[name]]
    if over:
        excess = (f"{name}: allocations add up to {sums[name]}, and the plan has {plan[name]}" for name in over)
        raise Invalid("; ".join(excess), code="quota_exceeds_plan", field=field or over[0])


def check_numbers(quota: Mapping[str, int | None]) -> None:
    """Invalid unless each number is from 0 to 10^15, or None."""
    for name, amount in quota.items():
        if amount is not None and not 0 <= amount <= MAX_QUOTA:
            raise Invalid(f"{name} must be an integer from 0 to {MAX_QUOTA}", field=name)


def without_nulls(quota: Mapping[str, int | None]) -> dict[str, int]:
    """The fields that have a limit."""
    return {name: amount for name, amount in quota.items() if amount is not None}


def check_active(allocation: Allocation) -> None:
    if allocation.status != "active":
        raise Invalid("This allocation is not active any more", code="allocation_not_active")


def check_pending(request: QuotaRequest) -> None:
    if request.status != "pending":
        raise Invalid(f"This request has been {request.status} already", code="request_decided")


def allocation_exists() -> Invalid:
    return Invalid("This user has an active allocation already", code="allocation_exists", field="user_id")


def request_pending() -> Invalid:
    return Invalid("You have a pending request already; change or withdraw it", code="request_pending")


def too_many(what: str, most: int) -> Conflict:
    return Conflict(f"An account has at most {most} {what}; delete some first", code=f"too_many_{what}")


def newly_reached(uses: Iterable[Use], notified: Mapping[str, int]) -> dict[str, int]:
    """The percentage of each field about which to notify the user: higher than the last one that they got a mail about.

    A limit of 0 is only reported once something is used.
    """
    used = (use for use in uses if use.field != CONCURRENT and use.used)
    return {use.field: use.reached for use in used if use.reached > notified.get(use.field, 0)}
