"""Requests of users for another share, decided by the account's root users.

Approving one replaces the fields that it names in the user's allocation, which is made if there is none, in the same
transaction. Source: ScaleBox account management, "Review Team Quota Requests"; money, "Quotas".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tallybook.domain.accounts import User, check_text, require_root
from tallybook.domain.audit import actor_of
from tallybook.domain.catalog import Plan
from tallybook.domain.credentials import Principal
from tallybook.domain.events.quotas import quota_reviewed
from tallybook.domain.ids import QUOTA_REQUEST
from tallybook.domain.quotas import Allocation, Decision, QuotaRequest, RequestStatus, check_pending
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.lookup import find_user
from tallybook.services.quotas.allocation_changes import Shared, new_share, other_share
from tallybook.services.quotas.consumption import plan_of
from tallybook.services.quotas.mails import reviewed_mail
from tallybook.services.quotas.requests import known_request, shown
from tallybook.store import keys
from tallybook.store.accounts import check_still_root
from tallybook.store.quotas import set_pending, set_request

_DECIDED: Mapping[Decision, RequestStatus] = {"approve": "approved", "deny": "denied"}
_ACTIONS: Mapping[Decision, str] = {"approve": "quota_request.approved", "deny": "quota_request.denied"}


def review_request(
    ctx: Context, principal: Principal, request_id: str, decision: Decision, *, notes: str | None = None
) -> QuotaRequest:
    """The request, decided, and a mail to its user; approved, their allocation has its numbers.

    Invalid `request_decided`, `quota_exceeds_plan`; NotFound.
    """
    require_root(principal.user)
    notes = notes or None
    if notes is not None:
        check_text(notes, field="review_notes")
    own = keys.quota_request(principal.account.id, request_id)

    def review(principal: Principal) -> QuotaRequest:
        require_root(principal.user)
        now = ctx.clock.now()
        plan, items = plan_of(ctx, principal.account, now=now, also=[own])
        before = known_request(items.get(own))
        check_pending(before)
        user = find_user(ctx, principal.account, before.user_id)
        after = replace(
            before, status=_DECIDED[decision], review_notes=notes, reviewed_by=principal.user.id, reviewed_at=now
        )
        shared = _applied(ctx, principal, user, before, plan=plan, now=now) if decision == "approve" else None
        told = Change(
            actor_of(principal),
            _ACTIONS[decision],
            QUOTA_REQUEST + before.id,
            before=shown(before),
            after=shown(after),
            mails=(reviewed_mail(principal.account, user, after),),
            events=(quota_reviewed(after),),
        )
        ctx.tables.transact(
            [
                set_request(before, after),
                set_pending(user, request_id=None),
                check_still_root(principal.user),
                *(shared.commands if shared else ()),
                *record(principal.account, told, *((shared.change,) if shared else ()), at=now),
            ]
        )
        return after

    return retry_on_conflict(ctx, review, principal, reload=lambda: reread(ctx, principal))


def _applied(
    ctx: Context, principal: Principal, user: User, request: QuotaRequest, *, plan: Plan, now: datetime
) -> Shared:
    account, actor = principal.account, actor_of(principal)
    if user.share is not None:
        quota = {**user.quota, **request.quota}
        return other_share(account, user.share, quota, plan=plan, actor=actor, now=now)
    allocation = Allocation(
        id=ctx.new_id(now),
        account_id=account.id,
        user_id=user.id,
        allocated_by=principal.user.id,
        quota=request.quota,
        created_at=now,
        updated_at=now,
    )
    return new_share(account, allocation, plan=plan, actor=actor)
