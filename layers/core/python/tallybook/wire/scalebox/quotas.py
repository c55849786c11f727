"""Quota allocations, requests and usage; the fields of usage are Tallybook's.

Source: ScaleBox account management, "User Quota Administration"; docs/decisions.md, "Quota requests".
"""

from tallybook.domain.ids import ACCOUNT, ALLOCATION, QUOTA_REQUEST, USER
from tallybook.domain.quotas import FIELDS, Allocation, Quota, QuotaRequest, Use, UserQuota
from tallybook.wire.response import number, number_or_none, seconds, seconds_or_none
from tallybook.wire.scalebox.envelope import period_fields


def present_allocation(allocation: Allocation) -> dict[str, object]:
    return {
        "allocation_id": ALLOCATION + allocation.id,
        "account_id": ACCOUNT + allocation.account_id,
        "user_id": USER + allocation.user_id,
        "allocated_by_user_id": USER + allocation.allocated_by,
        **_fields(allocation.quota),
        "status": allocation.status,
        "created_at": seconds(allocation.created_at),
        "updated_at": seconds(allocation.updated_at),
    }


def present_request(request: QuotaRequest) -> dict[str, object]:
    return {
        "request_id": QUOTA_REQUEST + request.id,
        "account_id": ACCOUNT + request.account_id,
        "user_id": USER + request.user_id,
        **_fields(request.quota),
        "reason": request.reason,
        "status": request.status,
        "review_notes": request.review_notes,
        "reviewed_by_user_id": request.reviewed_by and USER + request.reviewed_by,
        "created_at": seconds(request.created_at),
        "reviewed_at": seconds_or_none(request.reviewed_at),
    }


def present_usage(used: UserQuota) -> dict[str, object]:
    """Usage by quota field; `limit`, `remaining` and `percentage_used` are null if the user has no limit."""
    return {
        "user_id": USER + used.user_id,
        "allocation_id": used.allocation_id and ALLOCATION + used.allocation_id,
        **period_fields(used.period),
        "quota": {use.field: _use(use) for use in used.uses},
    }


def _use(use: Use) -> dict[str, object]:
    return {
        "limit": use.limit,
        "used": number(use.used),
        "remaining": number_or_none(use.remaining),
        "percentage_used": number_or_none(use.percentage),
    }


def _fields(quota: Quota) -> dict[str, int | None]:
    return {name: quota.get(name) for name in FIELDS}
