"""Sandbox sessions, as items."""

from boto3.dynamodb.conditions import Attr

from tallybook.domain.sessions import Session
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update


def put_session(session: Session) -> Put:
    return Put(
        keys.session(session.id),
        {
            "id": session.id,
            "account_id": session.account_id,
            "user_id": session.user_id,
            "cpu_cores": session.cpu_cores,
            "memory_gb": session.memory_gb,
            "storage_gb": session.storage_gb,
            "started_at": stamp(session.started_at),
            "expires_at": stamp(session.expires_at),
            "status": session.status,
        },
    )


def end_session(session: Session, *, ended_at: str) -> Update:
    """Refused where it has ended already."""
    return Update(
        keys.session(session.id),
        set={"status": "ended", "ended_at": ended_at},
        condition=Attr("status").eq("running"),
    )


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
