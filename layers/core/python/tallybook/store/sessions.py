"""Sandbox sessions, as items: each by its id, and again by the time of its start among its account's."""

from datetime import datetime

from boto3.dynamodb.conditions import Attr

from tallybook.domain.sessions import Session
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update
from tallybook.store.keys import Key


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
    }
    return Put(keys.session(session.id), item), Put(_run(session), item)


def end_session(session: Session, *, ended_at: str) -> tuple[Update, Update]:
    """Refused where it has ended already."""
    ended = {"status": "ended", "ended_at": ended_at}
    running = Attr("status").eq("running")
    return (
        Update(keys.session(session.id), set=ended, condition=running),
        Update(_run(session), set=ended, condition=running),
    )


def runs_range(account_id: str, start: datetime, end: datetime) -> tuple[str, str, str]:
    """(pk, first sk, last sk) of the account's sessions that started between the two, both included."""
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
        ended_at=parse_instant(item["ended_at"]) if "ended_at" in item else None,
    )


def _run(session: Session) -> Key:
    return keys.run(session.account_id, session.started_at, session.id)
