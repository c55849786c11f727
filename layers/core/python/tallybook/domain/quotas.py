"""Quotas: what a plan gives an account as a whole, the shares of it that users are allocated, and requests for more.

A quota maps fields to integers; a field that it doesn't have is not limited by it. Source: ScaleBox account management,
"User Quota Administration"; money, "Quotas"; decisions, "Quota requests".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Literal

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
"""The fields that are used up within a period, and the meter that uses each up."""

LEVEL = "template_storage_gb"
LEVEL_METER = "template_storage_gb_hours"
"""An hour's quantity of this meter is the level that the field is compared with."""

CONCURRENT = "concurrent_sandboxes"
FIELDS = (*MONTHLY, LEVEL, CONCURRENT)
MOST = 10**15
MAX_ALLOCATIONS = 1000
MAX_REQUESTS = 1000
REACHED = (80, 100)
"""The percentages of a field at which its user is written to; concurrency, which is not used up, is not among them."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a user is allocated now, as their own item says it too."""

    account_id: str
    user_id: str
    allocation_id: str
    quota: Quota


@dataclass(frozen=True, slots=True)
class Allocation:
    """A user's share, given or taken back.

    `told` holds what the user was written to about: by the period's start, the percentage by field.
    """

    id: str
    account_id: str
    user_id: str
    allocated_by: str
    quota: Quota
    created_at: datetime
    updated_at: datetime
    status: AllocationStatus = "active"
    told: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def share(self) -> Share:
        return Share(self.account_id, self.user_id, self.id, self.quota)


@dataclass(frozen=True, slots=True)
class QuotaRequest:
    """A user's wish for other numbers in the fields that it names."""

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


@dataclass(frozen=True, slots=True)
class Use:
    """How much of one field is used; `limit` is None where nothing limits it."""

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
        """With two decimals, rounded down; a share of nothing is used up."""
        if self.limit is None:
            return None
        if self.limit == 0:
            return Decimal(100)
        with localcontext(EXACT):
            return (self.used * 100 / self.limit).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)

    @property
    def reached(self) -> int:
        """The highest percentage to write about that is reached, 0 for none."""
        percentage = self.percentage
        return 0 if percentage is None else max((one for one in REACHED if percentage >= one), default=0)


@dataclass(frozen=True, slots=True)
class UserQuota:
    """What a user has used in the period: all six fields, each with its limit, if it has one."""

    user_id: str
    allocation_id: str | None
    period: Period
    uses: tuple[Use, ...]


def with_sums(sums: Quota, *, less: Quota, more: Quota) -> dict[str, int]:
    """The sums of an account's active allocations once one is replaced by another."""
    changed = {name: sums.get(name, 0) - less.get(name, 0) + more.get(name, 0) for name in FIELDS}
    return {name: amount for name, amount in changed.items() if amount}


def check_fits(sums: Quota, plan: Quota, *, field: str | None = None) -> None:
    """Invalid `quota_exceeds_plan`, with field, sum and limit, where the allocations are more than the plan gives."""
    over = [name for name in FIELDS if name in plan and sums.get(name, 0) > plan[name]]
    if over:
        told = "; ".join(f"{name}: allocations add up to {sums[name]}, and the plan has {plan[name]}" for name in over)
        raise Invalid(told, code="quota_exceeds_plan", field=field or over[0])


def check_numbers(quota: Mapping[str, int | None]) -> None:
    """Integers from 0 to 10^15."""
    for name, amount in quota.items():
        if amount is not None and not 0 <= amount <= MOST:
            raise Invalid(f"{name} must be an integer from 0 to {MOST}", field=name)


def limited(quota: Mapping[str, int | None]) -> dict[str, int]:
    """The fields that have a limit, without those that are null."""
    return {name: amount for name, amount in quota.items() if amount is not None}


def check_active(allocation: Allocation) -> None:
    if allocation.status != "active":
        raise Invalid("This allocation is not active any more", code="allocation_not_active")


def check_pending(request: QuotaRequest) -> None:
    if request.status != "pending":
        raise Invalid(f"This request has been {request.status} already", code="request_decided")


def second_allocation() -> Invalid:
    return Invalid("This user has an active allocation already", code="allocation_exists", field="user_id")


def second_request() -> Invalid:
    return Invalid("You have a pending request already; change or withdraw it", code="request_pending")


def too_many(what: str, most: int) -> Conflict:
    return Conflict(f"An account has at most {most} {what}; delete some first", code=f"too_many_{what}")


def newly_reached(uses: Iterable[Use], told: Mapping[str, int]) -> dict[str, int]:
    """What is to be written about now: the percentage by field, where it is more than was written about before.

    Nobody is written to about a share of nothing of which they have used nothing.
    """
    used = (use for use in uses if use.field != CONCURRENT and use.used)
    return {use.field: use.reached for use in used if use.reached > told.get(use.field, 0)}
