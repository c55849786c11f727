"""Sandbox sessions: the platform starts and ends them; how many run is known on the account and on its user."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from tallybook.domain.accounts import Account, require_active
from tallybook.domain.errors import Conflict, Forbidden, NotFound, Unavailable
from tallybook.domain.sessions import Session, check_session_id
from tallybook.domain.times import parse_instant, stamp
from tallybook.services.authenticate import authorize_platform
from tallybook.services.context import Context
from tallybook.services.periods import period_at
from tallybook.store import keys
from tallybook.store.accounts import count_running, read_account
from tallybook.store.commands import Item
from tallybook.store.periods import count_completed
from tallybook.store.sessions import end_session as end_command
from tallybook.store.sessions import put_session, read_session
from tallybook.store.table import Refused

_ATTEMPTS = 5


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


def start_session(ctx: Context, credential: str, wanted: Wanted) -> Session:
    """The session, started now or, with the same `session_id`, before.

    NotFound for an unknown account or user; Forbidden `account_suspended` or `user_suspended`; Conflict
    `session_exists` where the id stands for another session.
    """
    now = ctx.clock.now()
    session_id = check_session_id(wanted.session_id) if wanted.session_id is not None else ctx.new_id(now)
    account_key, user_key = keys.account(wanted.account_id), keys.user(wanted.account_id, wanted.user_id)
    session_key = keys.session(session_id)
    _, items = authorize_platform(ctx, credential, "sessions:write", also=[account_key, user_key, session_key])
    for _ in range(_ATTEMPTS):
        if session_key in items:
            return _as_before(read_session(items[session_key]), wanted)
        _check_runnable(items.get(account_key), items.get(user_key))
        session = _session(wanted, session_id, now)
        try:
            ctx.tables.transact(
                [put_session(session), *count_running(account_id=session.account_id, user_id=session.user_id, by=1)]
            )
        except Refused:
            items = ctx.tables.get_many([account_key, user_key, session_key])
        else:
            return session
    raise Unavailable("The account is busy; try again")


def end_session(ctx: Context, credential: str, session_id: str) -> Session:
    """The session, ended now or before. NotFound for an unknown one."""
    key = keys.session(check_session_id(session_id))
    _, items = authorize_platform(ctx, credential, "sessions:write", also=[key])
    for _ in range(_ATTEMPTS):
        if key not in items:
            raise NotFound("There is no such session", resource="session")
        session = read_session(items[key])
        if session.status == "ended":
            return session
        try:
            return _end(ctx, session)
        except Refused:
            items = ctx.tables.get_many([key])
    raise Unavailable("The session is busy; try again")


def _check_runnable(account: Item | None, user: Item | None) -> None:
    if account is None or account["status"] == "deleted":
        raise NotFound("There is no such account", resource="account")
    if user is None or user["status"] == "deleted":
        raise NotFound("There is no such user in this account", resource="user")
    require_active(read_account(account))
    if user["status"] != "active":
        raise Forbidden(f"This user is {user['status']}", code=f"user_{user['status']}")


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


def _end(ctx: Context, session: Session) -> Session:
    now = stamp(ctx.clock.now())
    ctx.tables.transact(
        [
            end_command(session, ended_at=now),
            *count_running(account_id=session.account_id, user_id=session.user_id, by=-1),
            count_completed(session.account_id, period_at(ctx, _account(ctx, session), parse_instant(now)).period),
        ]
    )
    return replace(session, status="ended", ended_at=parse_instant(now))


def _account(ctx: Context, session: Session) -> Account:
    item = ctx.tables.get(keys.account(session.account_id))
    if item is None:
        raise NotFound("There is no such account", resource="account")
    return read_account(item)


def _as_before(session: Session, wanted: Wanted) -> Session:
    if (session.account_id, session.user_id) != (wanted.account_id, wanted.user_id):
        raise Conflict("This session_id stands for another session", code="session_exists", field="session_id")
    return session
