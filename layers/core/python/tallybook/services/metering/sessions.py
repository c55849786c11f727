"""The platform starts and ends sandbox sessions; the account and its user store how many are running.

A start reads the account, the user and the current period's counters together with the platform's key. The keys of the
counters are those of the user's last start in this process; counters with other keys are read after that. The
transaction checks that the number of sessions is below its limits, and that plan, allocation and hard limit have not
changed since they were read.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from tallybook.domain.accounts import Account, User
from tallybook.domain.admission import NotAdmitted, Reason, reasons_against
from tallybook.domain.audit import SESSIONS, Actor, platform_actor
from tallybook.domain.credentials import PlatformCaller
from tallybook.domain.errors import Conflict, NotFound
from tallybook.domain.idempotency import Present
from tallybook.domain.periods import period_of
from tallybook.domain.quotas import CONCURRENT
from tallybook.domain.sessions import Session, SessionRequest, check_session_id
from tallybook.services.billing.open_period import new_billing_period
from tallybook.services.budgets.spending import spending_in
from tallybook.services.changes import retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import authorize_platform
from tallybook.services.kept_answers import keep_answer
from tallybook.services.lookup import find_account
from tallybook.services.quotas.consumption import QuotaUse, read_quota_use
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Command, Item
from tallybook.store.keys import Key
from tallybook.store.periods import check_subscription_unchanged, count_completed, open_period, period_key
from tallybook.store.sessions import count_ended, count_started, put_session, read_session
from tallybook.store.sessions import end_session as end_command
from tallybook.store.users import read_user

_MAX_USERS_REMEMBERED = 10_000


def start_session(
    ctx: Context, platform: PlatformCaller, request: SessionRequest, *, present: Present[Session] | None = None
) -> Session:
    """Start a session, or return the one that was started before with the same `session_id`.

    NotFound for an unknown account or user; NotAdmitted with every reason; Conflict `session_exists` if another user
    has a session with this id.
    """
    now = ctx.clock.now()
    session_id = check_session_id(request.session_id) if request.session_id is not None else ctx.new_id(now)
    session_key = keys.session(session_id)
    counter_keys = ctx.admission_keys.get((request.account_id, request.user_id), ())
    read = [*_owner_keys(request), session_key, *counter_keys]
    key, items = authorize_platform(ctx, platform, "sessions:write", also=read)
    actor = platform_actor(key, address=platform.address)

    def start(items: Mapping[Key, Item]) -> Session:
        if session_key in items:
            return _require_same_owner(read_session(items[session_key]), request)
        account, user = _read_owner(items, request)
        known = {key: items.get(key) for key in counter_keys}
        use, reasons = _check_admission(ctx, request, account, user, known=known)
        if reasons:
            raise NotAdmitted(reasons)
        session = _new_session(request, session_id, now, actor)
        room = count_started(account, user, most=use.plan.quotas.get(CONCURRENT))
        kept = keep_answer(ctx, platform.keyed, present, session, at=now)
        ctx.tables.transact([*put_session(session), *room, *kept])
        return session

    return retry_on_conflict(ctx, start, items, reload=lambda: ctx.tables.get_many(read))


def admission(ctx: Context, platform: PlatformCaller, request: SessionRequest) -> tuple[Reason, ...]:
    """Every reason why the session may not start now; none if it was started before. Nothing is written.

    NotFound and Conflict as for a start.
    """
    session_keys = [keys.session(check_session_id(request.session_id))] if request.session_id is not None else []
    counter_keys = ctx.admission_keys.get((request.account_id, request.user_id), ())
    read = [*_owner_keys(request), *session_keys, *counter_keys]
    _, items = authorize_platform(ctx, platform, "sessions:write", also=read)
    for started in (items[key] for key in session_keys if key in items):
        _require_same_owner(read_session(started), request)
        return ()
    known = {key: items.get(key) for key in counter_keys}
    return _check_admission(ctx, request, *_read_owner(items, request), known=known)[1]


def end_session(ctx: Context, platform: PlatformCaller, session_id: str) -> Session:
    """End a session, or return it if it has already ended. NotFound."""
    session_key = keys.session(check_session_id(session_id))
    key, items = authorize_platform(ctx, platform, "sessions:write", also=[session_key])
    actor = platform_actor(key, address=platform.address)

    def end(items: Mapping[Key, Item]) -> Session:
        if session_key not in items:
            raise NotFound("There is no such session", resource="session")
        session = read_session(items[session_key])
        return session if session.status == "ended" else _end(ctx, session, actor)

    return retry_on_conflict(ctx, end, items, reload=lambda: ctx.tables.get_many([session_key]))


def end_expired(ctx: Context, session_id: str) -> Session | None:
    """End a session whose time is up; None if it has ended or has time left."""

    def read() -> Item | None:
        return ctx.tables.get(keys.session(session_id))

    def end(item: Item | None) -> Session | None:
        session = read_session(item) if item else None
        if session is None or session.status == "ended" or ctx.clock.now() < session.expires_at:
            return None
        return _end(ctx, session, SESSIONS)

    return retry_on_conflict(ctx, end, read(), reload=read)


def _owner_keys(request: SessionRequest) -> list[Key]:
    return [keys.account(request.account_id), keys.user(request.account_id, request.user_id)]


def _read_owner(items: Mapping[Key, Item], request: SessionRequest) -> tuple[Account, User]:
    account, user = (items.get(key) for key in _owner_keys(request))
    if account is None or account["status"] == "deleted":
        raise NotFound("There is no such account", resource="account")
    if user is None or user["status"] == "deleted":
        raise NotFound("There is no such user in this account", resource="user")
    return read_account(account), read_user(user)


def _check_admission(
    ctx: Context,
    request: SessionRequest,
    account: Account,
    user: User,
    *,
    known: Mapping[Key, Item | None],
) -> tuple[QuotaUse, tuple[Reason, ...]]:
    use = read_quota_use(ctx, account, {user.id: user.quota}, now=ctx.clock.now(), known=known)
    if len(ctx.admission_keys) >= _MAX_USERS_REMEMBERED:
        ctx.admission_keys.clear()
    ctx.admission_keys[account.id, user.id] = use.read_keys
    reasons = reasons_against(
        request,
        account,
        user,
        use.plan,
        by_user=use.users[user.id],
        by_account=use.account,
        spent=spending_in(ctx, account, use.period, use.opened, use.quantities).used,
    )
    return use, reasons


def _new_session(request: SessionRequest, session_id: str, now: datetime, actor: Actor) -> Session:
    return Session(
        id=session_id,
        account_id=request.account_id,
        user_id=request.user_id,
        cpu_cores=request.cpu_cores,
        memory_gb=request.memory_gb,
        storage_gb=request.storage_gb,
        started_at=now,
        expires_at=now + timedelta(seconds=request.timeout_seconds),
        started_by=actor,
    )


def _end(ctx: Context, session: Session, actor: Actor) -> Session:
    now = ctx.clock.now()
    ended = replace(session, status="ended", ended_at=session.end_of(now), ended_by=actor)
    ctx.tables.transact(
        [
            *end_command(ended),
            *count_ended(account_id=session.account_id, user_id=session.user_id),
            *_count_completed(ctx, find_account(ctx, session.account_id), now),
        ]
    )
    return ended


def _count_completed(ctx: Context, account: Account, now: datetime) -> tuple[Command, ...]:
    """Count one more completed session in the current period, and open the period if necessary.

    Nothing for a deleted account.
    """
    if account.status == "deleted":
        return ()
    period = period_of(account.schedule, now)
    if ctx.tables.get(period_key(account.id, period)) is not None:
        return (count_completed(account.id, period),)
    opened = replace(new_billing_period(ctx, account, period), completed_sessions=1)
    return (*open_period(account, opened), check_subscription_unchanged(account))


def _require_same_owner(session: Session, request: SessionRequest) -> Session:
    if (session.account_id, session.user_id) != (request.account_id, request.user_id):
        raise Conflict("This session_id belongs to another session", code="session_exists", field="session_id")
    return session
