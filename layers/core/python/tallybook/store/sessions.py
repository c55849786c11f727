"""Sandbox sessions, as two items each: one by its id, one by its start among the account's sessions.

While a session runs, the second item is in the index of due work, due when the session's time is up.
"""

from datetime import datetime

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.accounts import Account, User
from tallybook.domain.jobs import partition
from tallybook.domain.quotas import CONCURRENT
from tallybook.domain.sessions import Session
from tallybook.domain.times import parse_instant, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.accounts import ACTIVE
from tallybook.store.audit import actor_item, read_actor
from tallybook.store.commands import Item, Put, Update
from tallybook.store.keys import Key

RUNNING = "running"
"""The kind of due work that ends sessions whose time is up."""


def put_session(session: Session) -> tuple[Put, Put]:
    item = {
        "id": session.id,
        "account_id": session.account_id,
        "user_id": session.user_id,
        "cpu_cores": session.cpu_cores,
        "memory_gb": session.memory_gb,
        "storage_gb": session.storage_gb,
        "started_at": stamp(session.started_at),
        "expires_at": stamp(session.expires_at),
        "status": session.status,
        "started_by": actor_item(session.started_by),
    }
    due = {"work": partition(RUNNING, session.account_id), "due": stamp(session.expires_at)}
    return Put(keys.session(session.id), item), Put(_run(session), item | due)


def end_session(ended: Session) -> tuple[Update, Update]:
    """End the session; WriteConflict if it has ended already."""
    changed: Item = {"status": ended.status, "ended_at": stamp_or_none(ended.ended_at)}
    if ended.ended_by:
        changed["ended_by"] = actor_item(ended.ended_by)
    running = Attr("status").eq("running")
    return (
        Update(keys.session(ended.id), set=changed, condition=running),
        Update(_run(ended), set=changed, remove=("work", "due"), condition=running),
    )


def count_started(account: Account, user: User, *, most: int | None) -> tuple[Update, Update]:
    """Count a running session of account and user; WriteConflict unless both are active and below their limits.

    `most` is the plan's limit, None for no limit. WriteConflict also if plan, hard limit or allocation changed.
    """
    same_quota = Attr("quota").eq(dict(user.quota))
    limit = Attr("hard_limit")
    same_limit = limit.not_exists() if account.hard_limit is None else limit.eq(account.hard_limit)
    as_read = Attr("plan").eq(account.plan) & same_limit
    own = user.quota.get(CONCURRENT)
    return (
        Update(keys.account(account.id), add={"running": 1}, condition=_with_room(most) & as_read),
        Update(keys.user(account.id, user.id), add={"running": 1}, condition=_with_room(own) & same_quota),
    )


def count_ended(*, account_id: str, user_id: str) -> tuple[Update, Update]:
    """Count one running session less."""
    return (
        Update(keys.account(account_id), add={"running": -1}),
        Update(keys.user(account_id, user_id), add={"running": -1}),
    )


def runs_range(account_id: str, start: datetime, end: datetime) -> tuple[str, str, str]:
    """(pk, first sk, last sk) of the account's sessions that started from `start` to `end`, both included."""
    return keys.run(account_id, start, "").pk, keys.run(account_id, start, "").sk, keys.run(account_id, end, "~").sk


def read_session(item: Item) -> Session:
    return Session(
        id=item["id"],
        account_id=item["account_id"],
        user_id=item["user_id"],
        cpu_cores=item["cpu_cores"],
        memory_gb=item["memory_gb"],
        storage_gb=item["storage_gb"],
        started_at=parse_instant(item["started_at"]),
        expires_at=parse_instant(item["expires_at"]),
        status=item["status"],
        started_by=read_actor(item["started_by"]),
        ended_at=parse_instant(item["ended_at"]) if "ended_at" in item else None,
        ended_by=read_actor(item["ended_by"]) if "ended_by" in item else None,
    )


def _run(session: Session) -> Key:
    return keys.run(session.account_id, session.started_at, session.id)


def _with_room(most: int | None) -> ConditionBase:
    return ACTIVE if most is None else ACTIVE & Attr("running").lt(most)
