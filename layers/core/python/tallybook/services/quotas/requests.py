"""Users file, change and withdraw quota requests; each user has at most one pending request.

Source: docs/decisions.md, "Quota requests".
"""

from collections.abc import Iterator
from dataclasses import replace

from tallybook.domain.accounts import Account, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.domain.events.quotas import quota_requested
from tallybook.domain.idempotency import Present
from tallybook.domain.ids import QUOTA_REQUEST, USER
from tallybook.domain.quotas import (
    MAX_REQUESTS,
    QuotaRequest,
    RequestStatus,
    check_numbers,
    check_pending,
    request_pending,
    without_nulls,
)
from tallybook.domain.text_rules import check_text
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.kept_answers import keep_answer
from tallybook.services.quotas.allocations import RequestedQuota
from tallybook.services.quotas.mails import requested_mail
from tallybook.services.quotas.release import prepare_withdrawal
from tallybook.services.rate_limits import count_quota_request
from tallybook.store import keys
from tallybook.store.commands import Item
from tallybook.store.quotas import (
    count_requests,
    delete_decided_request,
    put_request,
    read_request,
    set_pending_request,
    set_request,
)


def file_request(
    ctx: Context,
    principal: Principal,
    quota: RequestedQuota,
    *,
    reason: str,
    present: Present[QuotaRequest] | None = None,
) -> QuotaRequest:
    """File a pending request and mail the account. Invalid `request_pending`, or `no_quota_field`.

    At 1,000 requests of an account, the oldest decided one is deleted; Conflict `too_many_pending` if all are pending.
    TooManyRequests after 10 in an hour by one user.
    """
    requested = _check_requested(quota)
    check_text(reason, field="reason")

    def file(principal: Principal) -> QuotaRequest:
        account, user = principal.account, principal.user
        if user.request_id is not None:
            raise request_pending()
        oldest = _find_oldest_decided(ctx, account) if account.counts.request_count >= MAX_REQUESTS else None
        now = ctx.clock.now()
        request = QuotaRequest(ctx.new_id(now), account.id, user.id, requested, reason, created_at=now)
        change = Change(
            actor_of(principal),
            "quota_request.filed",
            QUOTA_REQUEST + request.id,
            after=audit_snapshot(request),
            mails=(requested_mail(account, user, request),),
            events=(quota_requested(request),),
        )
        ctx.tables.transact(
            [
                put_request(request),
                count_quota_request(ctx, user_id=user.id),
                set_pending_request(user, request_id=request.id),
                *((delete_decided_request(oldest),) if oldest else (count_requests(account, rows=1),)),
                *record(account, change, at=now),
                *keep_answer(ctx, principal.keyed, present, request, at=now),
            ]
        )
        return request

    return retry_on_conflict(ctx, file, principal, reload=lambda: reread(ctx, principal))


def change_request(
    ctx: Context, principal: Principal, request_id: str, quota: RequestedQuota, *, reason: str | None = None
) -> QuotaRequest:
    """Change the fields sent, or the reason, of the caller's pending request; null removes a field.

    Invalid `request_decided`, or `no_quota_field`; NotFound for a request of another user.
    """
    check_numbers(quota)
    if reason is not None:
        check_text(reason, field="reason")

    def change_pending(principal: Principal) -> QuotaRequest:
        before = _find_own(ctx, principal, request_id)
        check_pending(before)
        requested = _check_requested({**before.quota, **quota})
        after = replace(before, quota=requested, reason=before.reason if reason is None else reason)
        if after == before:
            return before
        change = Change(
            actor_of(principal),
            "quota_request.changed",
            QUOTA_REQUEST + before.id,
            before=audit_snapshot(before),
            after=audit_snapshot(after),
            events=(quota_requested(after),),
        )
        ctx.tables.transact([set_request(before, after), *record(principal.account, change, at=ctx.clock.now())])
        return after

    return retry_on_conflict(ctx, change_pending, principal, reload=lambda: reread(ctx, principal))


def withdraw_request(ctx: Context, principal: Principal, request_id: str) -> None:
    """Delete the caller's pending request. Invalid `request_decided`; NotFound for a request of another user."""

    def withdraw(principal: Principal) -> None:
        request = _find_own(ctx, principal, request_id)
        check_pending(request)
        withdrawal = prepare_withdrawal(principal.account, principal.user, request.id, actor=actor_of(principal))
        audit = record(principal.account, withdrawal.change, at=ctx.clock.now())
        ctx.tables.transact([*withdrawal.commands, *audit])

    retry_on_conflict(ctx, withdraw, principal, reload=lambda: reread(ctx, principal))


def list_requests(ctx: Context, principal: Principal, *, status: RequestStatus | None = None) -> list[QuotaRequest]:
    """The account's requests, newest first, at most 1,000; for root users."""
    require_root(principal.user)
    return [one for one in _query(ctx, principal.account.id) if status is None or one.status == status]


def list_own_requests(ctx: Context, principal: Principal, *, status: RequestStatus | None = None) -> list[QuotaRequest]:
    """The caller's requests, newest first."""
    own = (one for one in _query(ctx, principal.account.id) if one.user_id == principal.user.id)
    return [one for one in own if status is None or one.status == status]


def require_request(item: Item | None) -> QuotaRequest:
    """NotFound without an item."""
    if item is None:
        raise _not_found()
    return read_request(item)


def audit_snapshot(request: QuotaRequest) -> dict[str, object]:
    """The request as the audit log stores it."""
    notes = {"review_notes": request.review_notes} if request.review_notes else {}
    return {
        "user_id": USER + request.user_id,
        "status": request.status,
        "reason": request.reason,
        **notes,
        **request.quota,
    }


def _find_oldest_decided(ctx: Context, account: Account) -> QuotaRequest:
    """Search the 50 oldest requests first, and all of them only if those are pending."""
    for limit in (50, None):
        listed = _query(ctx, account.id, newest_first=False, limit=limit)
        if oldest := next((one for one in listed if one.status != "pending"), None):
            return oldest
    raise Conflict(f"{MAX_REQUESTS} requests of this account are pending", code="too_many_pending")


def _check_requested(quota: RequestedQuota) -> dict[str, int]:
    check_numbers(quota)
    requested = without_nulls(quota)
    if not requested:
        raise Invalid("A request needs at least one of the quota fields", code="no_quota_field")
    return requested


def _query(
    ctx: Context, account_id: str, *, newest_first: bool = True, limit: int | None = None
) -> Iterator[QuotaRequest]:
    pk, start = keys.account(account_id).pk, keys.REQUESTS
    items = ctx.tables.query("core", pk, start=start, end=f"{start}~", newest_first=newest_first, limit=limit)
    return map(read_request, items)


def _find_own(ctx: Context, principal: Principal, request_id: str) -> QuotaRequest:
    request = require_request(ctx.tables.get(keys.quota_request(principal.account.id, request_id)))
    if request.user_id != principal.user.id:
        raise _not_found()
    return request


def _not_found() -> NotFound:
    return NotFound("There is no such quota request", resource="quota request")
