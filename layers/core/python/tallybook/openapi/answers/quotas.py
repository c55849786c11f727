"""ScaleBox's answers about quotas: allocations, requests and usage."""

from tallybook.domain.quotas import AllocationStatus, RequestStatus
from tallybook.openapi.answers.fields import (
    AccountId,
    AllocationId,
    Answered,
    Number,
    Pagination,
    RequestId,
    Seconds,
    UserId,
)


class QuotaLimits(Answered):
    """The six quota fields; null is no limit."""

    cpu_seconds_monthly: int | None
    ram_gb_seconds: int | None
    sandbox_storage_gb_seconds: int | None
    traffic_gb_seconds: int | None
    template_storage_gb: int | None
    """Compared with the latest level that was reported."""
    concurrent_sandboxes: int | None


class Allocation(QuotaLimits):
    """What a user may use in a period."""

    allocation_id: AllocationId
    account_id: AccountId
    user_id: UserId
    allocated_by_user_id: UserId
    status: AllocationStatus
    created_at: Seconds
    updated_at: Seconds


class AllocationData(Answered):
    allocation: Allocation


class AllocationList(Answered):
    allocations: list[Allocation]
    """Newest first."""
    pagination: Pagination


class QuotaRequest(QuotaLimits):
    """A user asks for other limits; a field that is null stays as it is."""

    request_id: RequestId
    account_id: AccountId
    user_id: UserId
    reason: str
    status: RequestStatus
    review_notes: str | None
    reviewed_by_user_id: UserId | None
    created_at: Seconds
    reviewed_at: Seconds | None


class QuotaRequestData(Answered):
    request: QuotaRequest


class QuotaRequestList(Answered):
    requests: list[QuotaRequest]
    """Newest first."""
    pagination: Pagination


class Use(Answered):
    """What was used of one field; all but `used` are null if it has no limit."""

    limit: int | None
    used: Number
    remaining: Number | None
    percentage_used: Number | None
    """Two decimals, rounded down."""


class Uses(Answered):
    cpu_seconds_monthly: Use
    ram_gb_seconds: Use
    sandbox_storage_gb_seconds: Use
    traffic_gb_seconds: Use
    template_storage_gb: Use
    concurrent_sandboxes: Use


class QuotaUsage(Answered):
    user_id: UserId
    allocation_id: AllocationId | None
    """Null for a user without an active allocation."""
    period_start: Seconds
    period_end: Seconds
    """00:00 of the period's last day, in the account's time zone."""
    quota: Uses
