"""Ends the quotas of a deleted user: revokes their allocation, and withdraws their pending request."""

from datetime import datetime

from tallybook.domain.accounts import Account, User
from tallybook.domain.audit import Actor
from tallybook.domain.events.quotas import quota_request_withdrawn
from tallybook.domain.ids import QUOTA_REQUEST, USER
from tallybook.services.changes import Change
from tallybook.services.quotas.allocation_changes import QuotaChange, prepare_revocation
from tallybook.store.quotas import count_requests, delete_request, set_pending_request


def end_quotas(account: Account, user: User, *, actor: Actor, now: datetime) -> list[QuotaChange]:
    """The changes to write when the user is deleted."""
    changes: list[QuotaChange] = []
    if user.allocation:
        changes.append(prepare_revocation(account, user.allocation, actor=actor, now=now))
    if user.request_id:
        changes.append(prepare_withdrawal(account, user, user.request_id, actor=actor))
    return changes


def prepare_withdrawal(account: Account, user: User, request_id: str, *, actor: Actor) -> QuotaChange:
    """Remove the user's pending request from the list."""
    commands = (
        delete_request(account.id, request_id),
        set_pending_request(user, request_id=None),
        count_requests(account, rows=-1),
    )
    change = Change(
        actor,
        "quota_request.withdrawn",
        QUOTA_REQUEST + request_id,
        before={"user_id": USER + user.id, "status": "pending"},
        events=(quota_request_withdrawn(user, request_id),),
    )
    return QuotaChange(commands, change)
