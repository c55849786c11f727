"""Sandbox sessions: the platform starts and ends them; how many run is known on the account and on its user.

A start is decided on what is read along with who is calling: account, user, and the present period's counters
where the user's last start in this process found them; where they stand elsewhere by now, they are read after it. Its
one transaction holds only while there is room, and plan, share and hard limit are as they were read.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from tallybook.domain.accounts import Account, User
from tallybook.domain.admission import NotAdmitted, Reason, reasons_against
from tallybook.domain.audit import SESSIONS, Actor, platform_actor
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.periods import period_of
from tallybook.domain.quotas import CONCURRENT
from tallybook.domain.sessions import Session, SessionRequest, check_session_id
from tallybook.services.billing.open_period import opening
from tallybook.services.budgets.spending import spending_in
from tallybook.services.changes import retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.lookup import find_account
from tallybook.services.quotas.consumption import QuotaUse, read_quota_use
from tallybook.store import keys
from tallybook.store.accounts import read_account, read_user
from tallybook.store.commands import Command, Item
from tallybook.store.keys import Key
from tallybook.store.periods import count_completed, open_period, period_key, unchanged_subscription
from tallybook.store.sessions import count_ended, count_started, put_session, read_session
from tallybook.store.sessions import end_session as end_command

_MOST_LIKELY = 10_000


def start_session(ctx: Context, principal: PlatformCaller, wanted: SessionRequest) -> Session:
    """The session, started now or, with the same `session_id`, before.

    NotFound for an unknown account or user; NotAdmitted with all that stands in the way; Conflict `session_exists`
    where the id stands for another session.
    """
    now = ctx.clock.now()
    session_id = check_session_id(wanted.session_id) if wanted.session_id is not None else ctx.new_id(now)
    session_key = keys.session(session_id)
    admission_keys = ctx.admission_keys.get((wanted.account_id, wanted.user_id), ())
    read = [*_whose(wanted), session_key, *admission_keys]
    key, items = authorize_platform(ctx, principal, "sessions:write", also=read)
    actor = platform_actor(key, address=principal.address)

    def start(items: Mapping[Key, Item]) -> Session:
        if session_key in items:
            return _as_before(read_session(items[session_key]), wanted)
        account, user = _known(items, wanted)
        use, reasons = _admission(ctx, wanted, account, user, known={key: items.get(key) for key in admission_keys})
        if reasons:
            raise NotAdmitted(reasons)
        session = _session(wanted, session_id, now, actor)
        room = count_started(account, user, most=use.plan.quotas.get(CONCURRENT))
        ctx.tables.transact([*put_session(session), *room])
        return session

    return retry_on_conflict(ctx, start, items, reload=lambda: ctx.tables.get_many(read))


def admission(ctx: Context, principal: PlatformCaller, wanted: SessionRequest) -> tuple[Reason, ...]:
    """All that would stand in the way of the session now, nothing where it was started before; nothing is written.

    NotFound and Conflict as for a start.
    """
    own = [keys.session(check_session_id(wanted.session_id))] if wanted.session_id is not None else []
    admission_keys = ctx.admission_keys.get((wanted.account_id, wanted.user_id), ())
    _, items = authorize_platform(ctx, principal, "sessions:write", also=[*_whose(wanted), *own, *admission_keys])
    for started in (items[key] for key in own if key in items):
        _as_before(read_session(started), wanted)
        return ()
    known = {key: items.get(key) for key in admission_keys}
    return _admission(ctx, wanted, *_known(items, wanted), known=known)[1]


def end_session(ctx: Context, principal: PlatformCaller, session_id: str) -> Session:
    """The session, ended now or before. NotFound for an unknown one."""
    session_key = keys.session(check_session_id(session_id))
    key, items = authorize_platform(ctx, principal, "sessions:write", also=[session_key])
    actor = platform_actor(key, address=principal.address)

    def end(items: Mapping[Key, Item]) -> Session:
        if session_key not in items:
            raise NotFound("There is no such session", resource="session")
        session = read_session(items[session_key])
        return session if session.status == "ended" else _end(ctx, session, actor)

    return retry_on_conflict(ctx, end, items, reload=lambda: ctx.tables.get_many([session_key]))


def end_expired(ctx: Context, session_id: str) -> Session | None:
    """The session, ended because its time is up; None where it was ended before or has time left."""

    def read() -> Item | None:
        return ctx.tables.get(keys.session(session_id))

    def end(item: Item | None) -> Session | None:
        session = read_session(item) if item else None
        if session is None or session.status == "ended" or ctx.clock.now() < session.expires_at:
            return None
        return _end(ctx, session, SESSIONS)

    return retry_on_conflict(ctx, end, read(), reload=read)


def _whose(wanted: SessionRequest) -> list[Key]:
    return [keys.account(wanted.account_id), keys.user(wanted.account_id, wanted.user_id)]


def _known(items: Mapping[Key, Item], wanted: SessionRequest) -> tuple[Account, User]:
    account, user = (items.get(key) for key in _whose(wanted))
    if account is None or account["status"] == "deleted":
        raise NotFound("There is no such account", resource="account")
    if user is None or user["status"] == "deleted":
        raise NotFound("There is no such user in this account", resource="user")
    return read_account(account), read_user(user)


def _admission(
    ctx: Context,
    wanted: SessionRequest,
    account: Account,
    user: User,
    *,
    known: Mapping[Key, Item | None],
) -> tuple[QuotaUse, tuple[Reason, ...]]:
    use = read_quota_use(ctx, account, {user.id: user.quota}, now=ctx.clock.now(), known=known)
    if len(ctx.admission_keys) >= _MOST_LIKELY:
        ctx.admission_keys.clear()
    ctx.admission_keys[account.id, user.id] = use.read
    reasons = reasons_against(
        wanted,
        account,
        user,
        use.plan,
        by_user=use.users[user.id],
        by_account=use.account,
        spent=spending_in(ctx, use.period, use.opened, use.quantities).used,
    )
    return use, reasons


def _session(wanted: SessionRequest, session_id: str, now: datetime, actor: Actor) -> Session:
    return Session(
        id=session_id,
        account_id=wanted.account_id,
        user_id=wanted.user_id,
        cpu_cores=wanted.cpu_cores,
        memory_gb=wanted.memory_gb,
        storage_gb=wanted.storage_gb,
        started_at=now,
        expires_at=now + timedelta(seconds=wanted.timeout_seconds),
        started_by=actor,
    )


def _end(ctx: Context, session: Session, actor: Actor) -> Session:
    now = ctx.clock.now()
    ended = replace(session, status="ended", ended_at=session.end_of(now), ended_by=actor)
    ctx.tables.transact(
        [
            *end_command(ended),
            *count_ended(account_id=session.account_id, user_id=session.user_id),
            *_completed(ctx, find_account(ctx, session.account_id), now),
        ]
    )
    return ended


def _completed(ctx: Context, account: Account, now: datetime) -> tuple[Command, ...]:
    """One more session for the present period to show, which is opened with it if nobody has; none for the deleted."""
    if account.status == "deleted":
        return ()
    period = period_of(account.schedule, now)
    if ctx.tables.get(period_key(account.id, period)) is not None:
        return (count_completed(account.id, period),)
    opened = replace(opening(ctx, account, period), completed_sessions=1)
    return (*open_period(account, opened), unchanged_subscription(account))


def _as_before(session: Session, wanted: SessionRequest) -> Session:
    if (session.account_id, session.user_id) != (wanted.account_id, wanted.user_id):
        raise Conflict("This session_id stands for another session", code="session_exists", field="session_id")
    return session
