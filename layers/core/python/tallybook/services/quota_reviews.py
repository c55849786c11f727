"""Requests of users for another share, decided by the account's root users.

Approving one replaces the fields that it names in the user's allocation, which is made if there is none, in the same
transaction. Source: ScaleBox account management, "Review Team Quota Requests"; money, "Quotas".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account, User, check_reason, require_root
from tallybook.domain.audit import Actor, caller
from tallybook.domain.credentials import Principal
from tallybook.domain.ids import QUOTA_REQUEST
from tallybook.domain.quota_announcements import quota_reviewed
from tallybook.domain.quotas import Decision, QuotaRequest, RequestStatus, check_pending
from tallybook.services.authenticate import reread
from tallybook.services.change_user import find_user
from tallybook.services.changes import Change, decided, recorded
from tallybook.services.context import Context
from tallybook.services.quota_allocations import Shared, find_allocation, new_share, other_share, without_share
from tallybook.services.quota_letters import reviewed_mail
from tallybook.services.quota_requests import find_request, shown, withdrawal
from tallybook.store.accounts import still_root
from tallybook.store.commands import Command
from tallybook.store.quotas import set_pending, set_request

_DECIDED: Mapping[Decision, RequestStatus] = {"approve": "approved", "deny": "denied"}
_ACTIONS: Mapping[Decision, str] = {"approve": "quota_request.approved", "deny": "quota_request.denied"}


def review_request(
    ctx: Context, who: Principal, request_id: str, decision: Decision, *, notes: str | None = None
) -> QuotaRequest:
    """The request, decided, and a mail to its user; approved, their allocation has its numbers.

    Invalid `request_decided`, `quota_exceeds_plan`; NotFound.
    """
    require_root(who.user)
    if notes is not None:
        check_reason(notes, field="review_notes")

    def review(who: Principal) -> QuotaRequest:
        require_root(who.user)
        before = find_request(ctx, who.account, request_id)
        check_pending(before)
        user = find_user(ctx, who.account, before.user_id)
        now = ctx.clock.now()
        after = replace(before, status=_DECIDED[decision], review_notes=notes, reviewed_by=who.user.id, reviewed_at=now)
        shared = _applied(ctx, who, user, before, now) if decision == "approve" else None
        told = Change(
            caller(who),
            _ACTIONS[decision],
            QUOTA_REQUEST + before.id,
            before=shown(before),
            after=shown(after),
            mails=(reviewed_mail(who.account, user, after),),
            events=(quota_reviewed(after),),
        )
        ctx.tables.transact(
            [
                set_request(before, after),
                set_pending(user, request_id=None),
                still_root(who.user),
                *(shared.commands if shared else ()),
                *recorded(who.account, told, *((shared.change,) if shared else ()), at=now),
            ]
        )
        return after

    return decided(ctx, who, review, again=lambda: reread(ctx, who))


@dataclass(frozen=True, slots=True)
class Ended:
    """What becomes of a deleted user's share and pending request."""

    commands: tuple[Command, ...] = ()
    changes: tuple[Change, ...] = ()


def end_quotas(ctx: Context, account: Account, user: User, *, actor: Actor, now: datetime) -> Ended:
    """The share of a user who is deleted is revoked, and what they asked for is taken back."""
    commands: list[Command] = []
    changes: list[Change] = []
    if user.allocation_id is not None:
        before = find_allocation(ctx, account, user.allocation_id)
        shared = without_share(account, user, before, actor=actor, now=now)
        commands += shared.commands
        changes.append(shared.change)
    if user.request_id is not None:
        withdrawn = withdrawal(account, user, find_request(ctx, account, user.request_id), actor=actor)
        commands += withdrawn.commands
        changes.append(withdrawn.change)
    return Ended(tuple(commands), tuple(changes))


def _applied(ctx: Context, who: Principal, user: User, request: QuotaRequest, now: datetime) -> Shared:
    account, actor = who.account, caller(who)
    if user.allocation_id is None:
        return new_share(ctx, account, user, request.quota, by=who.user.id, actor=actor, now=now)
    before = find_allocation(ctx, account, user.allocation_id)
    return other_share(ctx, account, user, before, {**before.quota, **request.quota}, actor=actor, now=now)
