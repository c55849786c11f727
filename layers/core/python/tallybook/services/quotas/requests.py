"""Requests of users for another share: filed, changed and withdrawn by them; one pending request at most for each.

Source: decisions, "Quota requests".
"""

from collections.abc import Iterator
from dataclasses import replace

from tallybook.domain.accounts import Account, check_text, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, Invalid, NotFound
from tallybook.domain.events.quotas import quota_requested
from tallybook.domain.ids import QUOTA_REQUEST, USER
from tallybook.domain.quotas import (
    MAX_REQUESTS,
    QuotaRequest,
    RequestStatus,
    check_numbers,
    check_pending,
    limited,
    second_request,
)
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.quotas.allocations import RequestedQuota
from tallybook.services.quotas.mails import requested_mail
from tallybook.services.quotas.release import withdrawal
from tallybook.services.rate_limits import count_quota_request
from tallybook.store import keys
from tallybook.store.commands import Item
from tallybook.store.quotas import (
    count_requests,
    drop_decided,
    put_request,
    read_request,
    set_pending,
    set_request,
)


def file_request(ctx: Context, principal: Principal, quota: RequestedQuota, *, reason: str) -> QuotaRequest:
    """A pending request, and a mail to the account. Invalid `request_pending`, or where it names no field.

    Of 1,000 requests of an account the oldest decided one makes room; Conflict `too_many_pending` where none is.
    TooManyRequests over 10 an hour from one user.
    """
    wish = _checked(quota)
    check_text(reason, field="reason")

    def put(principal: Principal) -> QuotaRequest:
        account, user = principal.account, principal.user
        if user.request_id is not None:
            raise second_request()
        dropped = _oldest_decided(ctx, account) if account.counts.request_count >= MAX_REQUESTS else None
        now = ctx.clock.now()
        request = QuotaRequest(ctx.new_id(now), account.id, user.id, wish, reason, created_at=now)
        change = Change(
            actor_of(principal),
            "quota_request.filed",
            QUOTA_REQUEST + request.id,
            after=shown(request),
            mails=(requested_mail(account, user, request),),
            events=(quota_requested(request),),
        )
        ctx.tables.transact(
            [
                put_request(request),
                count_quota_request(ctx, user_id=user.id),
                set_pending(user, request_id=request.id),
                *((drop_decided(dropped),) if dropped else (count_requests(account, rows=1),)),
                *record(account, change, at=now),
            ]
        )
        return request

    return retry_on_conflict(ctx, put, principal, reload=lambda: reread(ctx, principal))


def change_request(
    ctx: Context, principal: Principal, request_id: str, quota: RequestedQuota, *, reason: str | None = None
) -> QuotaRequest:
    """One's own pending request with other numbers in the fields named, or another reason; null takes a field away.

    Invalid `request_decided`; NotFound for one that is not the caller's.
    """
    check_numbers(quota)
    if reason is not None:
        check_text(reason, field="reason")

    def change(principal: Principal) -> QuotaRequest:
        before = _own(ctx, principal, request_id)
        check_pending(before)
        wish = _checked({**before.quota, **quota})
        after = replace(before, quota=wish, reason=before.reason if reason is None else reason)
        if after == before:
            return before
        told = Change(
            actor_of(principal),
            "quota_request.changed",
            QUOTA_REQUEST + before.id,
            before=shown(before),
            after=shown(after),
            events=(quota_requested(after),),
        )
        ctx.tables.transact([set_request(before, after), *record(principal.account, told, at=ctx.clock.now())])
        return after

    return retry_on_conflict(ctx, change, principal, reload=lambda: reread(ctx, principal))


def withdraw_request(ctx: Context, principal: Principal, request_id: str) -> None:
    """One's own pending request is gone. Invalid `request_decided`; NotFound for one that is not the caller's."""

    def withdraw(principal: Principal) -> None:
        request = _own(ctx, principal, request_id)
        check_pending(request)
        withdrawn = withdrawal(principal.account, principal.user, request.id, actor=actor_of(principal))
        told = record(principal.account, withdrawn.change, at=ctx.clock.now())
        ctx.tables.transact([*withdrawn.commands, *told])

    retry_on_conflict(ctx, withdraw, principal, reload=lambda: reread(ctx, principal))


def list_requests(ctx: Context, principal: Principal, *, status: RequestStatus | None = None) -> list[QuotaRequest]:
    """The account's, newest first, at most 1,000; for root users."""
    require_root(principal.user)
    return [one for one in _all(ctx, principal.account.id) if status is None or one.status == status]


def own_requests(ctx: Context, principal: Principal, *, status: RequestStatus | None = None) -> list[QuotaRequest]:
    """The caller's own, newest first."""
    mine = (one for one in _all(ctx, principal.account.id) if one.user_id == principal.user.id)
    return [one for one in mine if status is None or one.status == status]


def _oldest_decided(ctx: Context, account: Account) -> QuotaRequest:
    """Among the 50 oldest, or else among all."""
    for limit in (50, None):
        listed = _all(ctx, account.id, newest_first=False, limit=limit)
        if oldest := next((one for one in listed if one.status != "pending"), None):
            return oldest
    raise Conflict(f"{MAX_REQUESTS} requests of this account wait to be decided", code="too_many_pending")


def _checked(quota: RequestedQuota) -> dict[str, int]:
    check_numbers(quota)
    wish = limited(quota)
    if not wish:
        raise Invalid("A request needs at least one of the quota fields", code="no_quota_field")
    return wish


def _all(
    ctx: Context, account_id: str, *, newest_first: bool = True, limit: int | None = None
) -> Iterator[QuotaRequest]:
    pk, start = keys.account(account_id).pk, keys.REQUESTS
    items = ctx.tables.query("core", pk, start=start, end=f"{start}~", newest_first=newest_first, limit=limit)
    return map(read_request, items)


def known_request(item: Item | None) -> QuotaRequest:
    if item is None:
        raise _unknown()
    return read_request(item)


def _own(ctx: Context, principal: Principal, request_id: str) -> QuotaRequest:
    request = known_request(ctx.tables.get(keys.quota_request(principal.account.id, request_id)))
    if request.user_id != principal.user.id:
        raise _unknown()
    return request


def _unknown() -> NotFound:
    return NotFound("There is no such quota request", resource="quota request")


def shown(request: QuotaRequest) -> dict[str, object]:
    notes = {"review_notes": request.review_notes} if request.review_notes else {}
    return {
        "user_id": USER + request.user_id,
        "status": request.status,
        "reason": request.reason,
        **notes,
        **request.quota,
    }
