"""Root users approve or deny quota requests.

Approval replaces the requested fields in the user's allocation, or creates an allocation, in the same transaction.
Source: ScaleBox account management, "Review Team Quota Requests"; docs/money.md, "Quotas".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tallybook.domain.accounts import User, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.catalog import Plan
from tallybook.domain.credentials import Principal
from tallybook.domain.events.quotas import quota_reviewed
from tallybook.domain.ids import QUOTA_REQUEST
from tallybook.domain.quotas import Decision, QuotaRequest, RequestStatus, check_pending
from tallybook.domain.text_rules import check_text
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.lookup import find_user
from tallybook.services.quotas.allocation_changes import QuotaChange, prepare_creation, prepare_new_quota
from tallybook.services.quotas.allocations import new_allocation
from tallybook.services.quotas.consumption import read_plan
from tallybook.services.quotas.mails import reviewed_mail
from tallybook.services.quotas.requests import audit_snapshot, require_request
from tallybook.store import keys
from tallybook.store.quotas import set_pending_request, set_request
from tallybook.store.users import check_still_root

_DECIDED: Mapping[Decision, RequestStatus] = {"approve": "approved", "deny": "denied"}
_ACTIONS: Mapping[Decision, str] = {"approve": "quota_request.approved", "deny": "quota_request.denied"}


def review_request(
    ctx: Context, principal: Principal, request_id: str, decision: Decision, *, notes: str | None = None
) -> QuotaRequest:
    """Decide a pending request and mail its user. Invalid `request_decided`, `quota_exceeds_plan`; NotFound."""
    require_root(principal.user)
    notes = notes or None
    if notes is not None:
        check_text(notes, field="review_notes")
    request_key = keys.quota_request(principal.account.id, request_id)

    def review(principal: Principal) -> QuotaRequest:
        require_root(principal.user)
        now = ctx.clock.now()
        plan, items = read_plan(ctx, principal.account, now=now, also=[request_key])
        before = require_request(items.get(request_key))
        check_pending(before)
        user = find_user(ctx, principal.account, before.user_id)
        after = replace(
            before, status=_DECIDED[decision], review_notes=notes, reviewed_by=principal.user.id, reviewed_at=now
        )
        approved = decision == "approve"
        allocation = _prepare_allocation(ctx, principal, user, before, plan=plan, now=now) if approved else None
        change = Change(
            actor_of(principal),
            _ACTIONS[decision],
            QUOTA_REQUEST + before.id,
            before=audit_snapshot(before),
            after=audit_snapshot(after),
            mails=(reviewed_mail(principal.account, user, after),),
            events=(quota_reviewed(after),),
        )
        ctx.tables.transact(
            [
                set_request(before, after),
                set_pending_request(user, request_id=None),
                check_still_root(principal.user),
                *(allocation.commands if allocation else ()),
                *record(principal.account, change, *((allocation.change,) if allocation else ()), at=now),
            ]
        )
        return after

    return retry_on_conflict(ctx, review, principal, reload=lambda: reread(ctx, principal))


def _prepare_allocation(
    ctx: Context, principal: Principal, user: User, request: QuotaRequest, *, plan: Plan, now: datetime
) -> QuotaChange:
    account, actor = principal.account, actor_of(principal)
    if user.allocation is not None:
        quota = {**user.quota, **request.quota}
        return prepare_new_quota(account, user.allocation, quota, plan=plan, actor=actor, now=now)
    allocation = new_allocation(ctx, principal, user.id, request.quota, now=now)
    return prepare_creation(account, allocation, plan=plan, actor=actor)
