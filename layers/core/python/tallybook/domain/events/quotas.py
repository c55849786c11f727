"""Events about quota allocations, quota requests and used quotas."""

from datetime import datetime

from tallybook.domain.accounts import User
from tallybook.domain.ids import ACCOUNT, ALLOCATION, QUOTA_REQUEST, USER
from tallybook.domain.outbox import BusEvent
from tallybook.domain.quotas import FIELDS, Allocation, Quota, QuotaRequest, Use, UserAllocation
from tallybook.domain.times import stamp, stamp_or_none
from tallybook.domain.usage import decimal_text


def quota_allocation_changed(allocation: UserAllocation, *, status: str) -> BusEvent:
    """`status` is `active`, `revoked` or `deleted`; a field that is null is not limited."""
    data = {
        "account_id": ACCOUNT + allocation.account_id,
        "allocation_id": ALLOCATION + allocation.allocation_id,
        "user_id": USER + allocation.user_id,
        "status": status,
        **_quota(allocation.quota),
    }
    return BusEvent("QuotaAllocationChanged", data)


def quota_requested(request: QuotaRequest) -> BusEvent:
    """A user asks for limits in the fields that are not null, or changes a pending request."""
    return BusEvent("QuotaRequested", {**_request(request), "reason": request.reason, **_quota(request.quota)})


def quota_reviewed(request: QuotaRequest) -> BusEvent:
    data = {
        **_request(request),
        "status": request.status,
        "review_notes": request.review_notes,
        "reviewed_by_user_id": request.reviewed_by and USER + request.reviewed_by,
        "reviewed_at": stamp_or_none(request.reviewed_at),
    }
    return BusEvent("QuotaReviewed", data)


def quota_request_withdrawn(user: User, request_id: str) -> BusEvent:
    """A pending request is withdrawn by its user, or because the user is deleted."""
    data = {
        "account_id": ACCOUNT + user.account_id,
        "request_id": QUOTA_REQUEST + request_id,
        "user_id": USER + user.id,
    }
    return BusEvent("QuotaRequestWithdrawn", data)


def quota_reached(allocation: Allocation, use: Use, *, period_start: datetime) -> BusEvent:
    """A user has used 80 or 100 percent of a field of their allocation, for the first time in the period."""
    data = {
        "account_id": ACCOUNT + allocation.account_id,
        "allocation_id": ALLOCATION + allocation.id,
        "user_id": USER + allocation.user_id,
        "period_start": stamp(period_start),
        "quota": use.field,
        "percent": use.reached,
        "used": decimal_text(use.used),
        "limit": use.limit,
    }
    return BusEvent("QuotaReached", data)


def _request(request: QuotaRequest) -> dict[str, str]:
    return {
        "account_id": ACCOUNT + request.account_id,
        "request_id": QUOTA_REQUEST + request.id,
        "user_id": USER + request.user_id,
    }


def _quota(quota: Quota) -> dict[str, int | None]:
    return {name: quota.get(name) for name in FIELDS}
