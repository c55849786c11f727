"""Quota allocations and requests as items, and their copies: sums and counts on the account, ids on the user."""

from datetime import datetime

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.accounts import Account, User
from tallybook.domain.quotas import Allocation, AllocationStatus, Quota, QuotaRequest, UserAllocation
from tallybook.domain.times import instant_or_none, parse_instant, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.accounts import as_read, read_quota
from tallybook.store.commands import Delete, Item, Put, Update


def put_allocation(allocation: Allocation) -> Put:
    return Put(keys.allocation(allocation.account_id, allocation.id), _allocation_item(allocation))


def set_allocation(before: UserAllocation, *, quota: Quota, status: AllocationStatus, at: datetime) -> Update:
    """Set quota and status of an active allocation; WriteConflict if it changed since it was read."""
    changed = {"quota": dict(quota), "status": status, "updated_at": stamp(at)}
    unchanged = Attr("status").eq("active") & Attr("quota").eq(dict(before.quota))
    return Update(keys.allocation(before.account_id, before.allocation_id), set=changed, condition=unchanged)


def set_notified(before: Allocation, after: Allocation) -> Update:
    """Set the percentages that the user got a mail about; WriteConflict if they or the allocation changed meanwhile."""
    unchanged = _unchanged(before) & Attr("told").eq(_notified(before))
    return Update(keys.allocation(before.account_id, before.id), set={"told": _notified(after)}, condition=unchanged)


def delete_allocation(allocation: Allocation) -> Delete:
    return Delete(keys.allocation(allocation.account_id, allocation.id), condition=_unchanged(allocation))


def add_user_allocation(new: UserAllocation) -> Update:
    """Give the user an active allocation; WriteConflict if they have one, or are deleted."""
    return Update(
        keys.user(new.account_id, new.user_id),
        set={"allocation_id": new.allocation_id, "quota": dict(new.quota)},
        condition=Attr("allocation_id").not_exists() & Attr("status").ne("deleted"),
    )


def set_user_allocation(before: UserAllocation, *, quota: Quota | None) -> Update:
    """Set the user's copy of their quota, None for no allocation; WriteConflict if it changed since it was read."""
    after = {"allocation_id": None if quota is None else before.allocation_id, "quota": dict(quota or {})}
    unchanged = Attr("allocation_id").eq(before.allocation_id) & Attr("quota").eq(dict(before.quota))
    return Update(keys.user(before.account_id, before.user_id), set=after, condition=unchanged)


def set_allocated(account: Account, *, allocated: Quota, rows: int = 0) -> Update:
    """Set the sums of the active allocations, and count `rows` more; WriteConflict if either changed meanwhile."""
    unchanged = as_read("allocated", dict(account.allocated))
    unchanged &= as_read("allocations", account.counts.allocation_count)
    changed = {"allocated": dict(allocated), "allocations": account.counts.allocation_count + rows}
    return Update(keys.account(account.id), set=changed, condition=unchanged)


def put_request(request: QuotaRequest) -> Put:
    return Put(keys.quota_request(request.account_id, request.id), _request_item(request))


def set_request(before: QuotaRequest, after: QuotaRequest) -> Update:
    """Change or decide a pending request; WriteConflict if it changed since it was read."""
    changed = {
        "quota": dict(after.quota),
        "reason": after.reason,
        "status": after.status,
        "review_notes": after.review_notes,
        "reviewed_by": after.reviewed_by,
        "reviewed_at": stamp_or_none(after.reviewed_at),
    }
    unchanged = Attr("status").eq(before.status) & Attr("quota").eq(dict(before.quota))
    return Update(keys.quota_request(before.account_id, before.id), set=changed, condition=unchanged)


def delete_request(account_id: str, request_id: str) -> Delete:
    """Delete a pending request; WriteConflict if it is decided."""
    return Delete(keys.quota_request(account_id, request_id), condition=Attr("status").eq("pending"))


def delete_decided_request(request: QuotaRequest) -> Delete:
    """Delete a decided request, to make room for a newer one; the audit log keeps the decision."""
    return Delete(keys.quota_request(request.account_id, request.id), condition=Attr("status").ne("pending"))


def set_pending_request(user: User, *, request_id: str | None) -> Update:
    """Set or remove (None) the user's pending request; WriteConflict if it or their status changed meanwhile."""
    same = _same("request_id", user.request_id) & Attr("status").eq(user.status)
    return Update(keys.user(user.account_id, user.id), set={"request_id": request_id}, condition=same)


def count_requests(account: Account, *, rows: int) -> Update:
    """Count `rows` more requests of the account; WriteConflict if their number changed meanwhile."""
    unchanged = as_read("requests", account.counts.request_count)
    return Update(keys.account(account.id), set={"requests": account.counts.request_count + rows}, condition=unchanged)


def read_allocation(item: Item) -> Allocation:
    return Allocation(
        id=item["id"],
        account_id=item["account_id"],
        user_id=item["user_id"],
        allocated_by=item["allocated_by"],
        quota=read_quota(item["quota"]),
        created_at=parse_instant(item["created_at"]),
        updated_at=parse_instant(item["updated_at"]),
        status=item["status"],
        notified={start: read_quota(fields) for start, fields in item["told"].items()},
    )


def read_request(item: Item) -> QuotaRequest:
    return QuotaRequest(
        id=item["id"],
        account_id=item["account_id"],
        user_id=item["user_id"],
        quota=read_quota(item["quota"]),
        reason=item["reason"],
        created_at=parse_instant(item["created_at"]),
        status=item["status"],
        review_notes=item.get("review_notes"),
        reviewed_by=item.get("reviewed_by"),
        reviewed_at=instant_or_none(item.get("reviewed_at")),
    )


def _allocation_item(allocation: Allocation) -> Item:
    return {
        "id": allocation.id,
        "account_id": allocation.account_id,
        "user_id": allocation.user_id,
        "allocated_by": allocation.allocated_by,
        "quota": dict(allocation.quota),
        "created_at": stamp(allocation.created_at),
        "updated_at": stamp(allocation.updated_at),
        "status": allocation.status,
        "told": _notified(allocation),
    }


def _request_item(request: QuotaRequest) -> Item:
    return {
        "id": request.id,
        "account_id": request.account_id,
        "user_id": request.user_id,
        "quota": dict(request.quota),
        "reason": request.reason,
        "created_at": stamp(request.created_at),
        "status": request.status,
        "review_notes": request.review_notes,
        "reviewed_by": request.reviewed_by,
        "reviewed_at": stamp_or_none(request.reviewed_at),
    }


def _unchanged(allocation: Allocation) -> ConditionBase:
    return Attr("status").eq(allocation.status) & Attr("quota").eq(dict(allocation.quota))


def _same(name: str, value: str | None) -> ConditionBase:
    return Attr(name).not_exists() if value is None else Attr(name).eq(value)


def _notified(allocation: Allocation) -> Item:
    return {start: dict(fields) for start, fields in allocation.notified.items()}
