"""Sandbox sessions: the platform starts and ends them; how many run is known on the account and on its user."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from tallybook.domain.accounts import Account, require_active
from tallybook.domain.audit import Actor, platform
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.errors import Conflict, Forbidden, NotFound
from tallybook.domain.ids import USER
from tallybook.domain.sessions import Session, check_session_id
from tallybook.domain.times import stamp
from tallybook.services.authenticate import authorize_platform
from tallybook.services.changes import Change, decided, recorded
from tallybook.services.context import Context
from tallybook.services.periods import period_at
from tallybook.store import keys
from tallybook.store.accounts import count_running, read_account
from tallybook.store.commands import Item
from tallybook.store.keys import Key
from tallybook.store.periods import count_completed
from tallybook.store.sessions import end_session as end_command
from tallybook.store.sessions import put_session, read_session


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the platform wants to run; `session_id` is its own id for it, if it has one."""

    account_id: str
    user_id: str
    cpu_cores: Decimal
    memory_gb: Decimal
    storage_gb: Decimal
    timeout_seconds: int
    session_id: str | None = None


def start_session(ctx: Context, who: PlatformCaller, wanted: Wanted) -> Session:
    """The session, started now or, with the same `session_id`, before.

    NotFound for an unknown account or user; Forbidden `account_suspended` or `user_suspended`; Conflict
    `session_exists` where the id stands for another session.
    """
    now = ctx.clock.now()
    session_id = check_session_id(wanted.session_id) if wanted.session_id is not None else ctx.new_id(now)
    account_key, user_key = keys.account(wanted.account_id), keys.user(wanted.account_id, wanted.user_id)
    session_key = keys.session(session_id)
    read = [account_key, user_key, session_key]
    key, items = authorize_platform(ctx, who, "sessions:write", also=read)
    actor = platform(key, address=who.address)

    def start(items: Mapping[Key, Item]) -> Session:
        if session_key in items:
            return _as_before(read_session(items[session_key]), wanted)
        account = _runnable(items.get(account_key), items.get(user_key))
        session = _session(wanted, session_id, now)
        change = Change(actor, "session.started", session.id, after=_shown(session))
        ctx.tables.transact(
            [
                *put_session(session),
                *count_running(account_id=session.account_id, user_id=session.user_id, by=1),
                *recorded(account, change, at=now),
            ]
        )
        return session

    return decided(ctx, items, start, again=lambda: ctx.tables.get_many(read))


def end_session(ctx: Context, who: PlatformCaller, session_id: str) -> Session:
    """The session, ended now or before. NotFound for an unknown one."""
    session_key = keys.session(check_session_id(session_id))
    key, items = authorize_platform(ctx, who, "sessions:write", also=[session_key])
    actor = platform(key, address=who.address)

    def end(items: Mapping[Key, Item]) -> Session:
        if session_key not in items:
            raise NotFound("There is no such session", resource="session")
        session = read_session(items[session_key])
        return session if session.status == "ended" else _end(ctx, session, actor)

    return decided(ctx, items, end, again=lambda: ctx.tables.get_many([session_key]))


def _runnable(account: Item | None, user: Item | None) -> Account:
    if account is None or account["status"] == "deleted":
        raise NotFound("There is no such account", resource="account")
    if user is None or user["status"] == "deleted":
        raise NotFound("There is no such user in this account", resource="user")
    known = read_account(account)
    require_active(known)
    if user["status"] != "active":
        raise Forbidden(f"This user is {user['status']}", code=f"user_{user['status']}")
    return known


def _session(wanted: Wanted, session_id: str, now: datetime) -> Session:
    return Session(
        id=session_id,
        account_id=wanted.account_id,
        user_id=wanted.user_id,
        cpu_cores=wanted.cpu_cores,
        memory_gb=wanted.memory_gb,
        storage_gb=wanted.storage_gb,
        started_at=now,
        expires_at=now + timedelta(seconds=wanted.timeout_seconds),
    )


def _end(ctx: Context, session: Session, actor: Actor) -> Session:
    now = ctx.clock.now()
    account = _account(ctx, session)
    ended = replace(session, status="ended", ended_at=now)
    change = Change(actor, "session.ended", session.id, before=_shown(session), after=_shown(ended))
    ctx.tables.transact(
        [
            *end_command(session, ended_at=stamp(now)),
            *count_running(account_id=session.account_id, user_id=session.user_id, by=-1),
            count_completed(session.account_id, period_at(ctx, account, now).period),
            *recorded(account, change, at=now),
        ]
    )
    return ended


def _shown(session: Session) -> dict[str, str]:
    return {"user_id": USER + session.user_id, "status": session.status}


def _account(ctx: Context, session: Session) -> Account:
    item = ctx.tables.get(keys.account(session.account_id))
    if item is None:
        raise NotFound("There is no such account", resource="account")
    return read_account(item)


def _as_before(session: Session, wanted: Wanted) -> Session:
    if (session.account_id, session.user_id) != (wanted.account_id, wanted.user_id):
        raise Conflict("This session_id stands for another session", code="session_exists", field="session_id")
    return session
