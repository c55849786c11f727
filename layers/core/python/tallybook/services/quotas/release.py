"""What a user leaves behind: a pending request for another share is taken back, and their share revoked."""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import Account, User
from tallybook.domain.audit import Actor
from tallybook.domain.events.quotas import quota_request_withdrawn
from tallybook.domain.ids import QUOTA_REQUEST, USER
from tallybook.services.changes import Change
from tallybook.services.quotas.allocation_changes import Shared, without_share
from tallybook.store.commands import Command
from tallybook.store.quotas import count_requests, delete_request, set_pending


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A pending request taken back, as it is written and recorded."""

    commands: tuple[Command, ...]
    change: Change


def withdrawal(account: Account, user: User, request_id: str, *, actor: Actor) -> Withdrawal:
    """What takes the user's pending request away."""
    return Withdrawal(
        (delete_request(account.id, request_id), set_pending(user, request_id=None), count_requests(account, rows=-1)),
        Change(
            actor,
            "quota_request.withdrawn",
            QUOTA_REQUEST + request_id,
            before={"user_id": USER + user.id, "status": "pending"},
            events=(quota_request_withdrawn(user, request_id),),
        ),
    )


def end_quotas(account: Account, user: User, *, actor: Actor, now: datetime) -> list[Shared | Withdrawal]:
    """The share of a user who is deleted is revoked, and what they asked for is taken back."""
    share = [without_share(account, user.share, actor=actor, now=now)] if user.share else []
    request = [withdrawal(account, user, user.request_id, actor=actor)] if user.request_id else []
    return [*share, *request]
