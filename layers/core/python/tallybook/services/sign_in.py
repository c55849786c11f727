"""Signing up, in and out."""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import Account, User, check_name, check_password, normal_email
from tallybook.domain.credentials import SECRET_BYTES, SESSION_LIFE, Credential, Principal, hash_text, write_text
from tallybook.domain.errors import Conflict, Forbidden, Unauthenticated
from tallybook.domain.periods import first_anchor, period_of
from tallybook.domain.wallet import Entry, entry_id
from tallybook.services.context import Context
from tallybook.services.limits import check_rate
from tallybook.services.passwords import hash_password, password_matches
from tallybook.services.periods import opening
from tallybook.store import keys, ledger
from tallybook.store.accounts import put_account, put_user, read_account, read_user
from tallybook.store.commands import Delete, Put
from tallybook.store.credentials import key_of, put_credential
from tallybook.store.periods import open_period
from tallybook.store.table import Refused

_LONGEST_EMAIL = 320
_NOBODY = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with a new session; `text` is its secret, told once."""

    account: Account
    user: User
    text: str
    expires_at: datetime


def register(ctx: Context, *, email: str, password: str, address: str, name: str | None = None) -> SignedIn:
    """An account on the free plan, its root user, the welcome credit, the first period and a session, in one
    transaction.

    Invalid `invalid_email`, `weak_password`, `invalid_name`; Conflict `email_exists`; TooManyRequests from one network
    `address` or for one email. Source: decisions, Quota.
    """
    email = normal_email(email)
    check_password(password)
    if name is not None:
        check_name(name)
    check_rate(ctx, "register", most=ctx.limits.register, address=address, email=email)
    catalog = ctx.catalogs.current()
    now = ctx.clock.now()
    account_id, user_id = ctx.new_id(now), ctx.new_id(now)
    anchor = first_anchor(now, "UTC")
    account = Account(
        id=account_id,
        email=email,
        created_at=now,
        status="active",
        time_zone="UTC",
        plan=catalog.free_plan,
        subscription_id=ctx.new_id(now),
        subscribed_at=now,
        anchor=anchor,
        first_period_at=anchor,
        balance=catalog.welcome_credit,
        entries=1 if catalog.welcome_credit else 0,
    )
    user = User(
        id=user_id,
        account_id=account_id,
        email=email,
        created_at=now,
        status="active",
        role="admin",
        is_root=True,
        password_hash=hash_password(password, rounds=ctx.password_rounds),
        name=name,
    )
    session, text = _new_session(ctx, user, now)
    taken = Conflict("This email is already registered", code="email_exists", field="email")
    ctx.tables.transact(
        [
            Put(keys.email(email), {"account_id": account_id, "user_id": user_id}, refusal=taken),
            put_account(account),
            put_user(user),
            put_credential(session),
            *_welcome(account),
            *open_period(account, opening(ctx, account, period_of(account.calendar, now))),
        ]
    )
    return SignedIn(account, user, text, now + SESSION_LIFE)


def login(ctx: Context, *, email: str, password: str, address: str) -> SignedIn:
    """A new session for a user who knows the password; the same answer and the same work for an unknown email.

    Unauthenticated `invalid_credentials`; TooManyRequests from one network `address` or for one email.
    """
    check_rate(ctx, "login", most=ctx.limits.login, address=address, email=email)
    email = email.strip().lower()[:_LONGEST_EMAIL]
    owner = ctx.tables.get(keys.email(email)) or {"account_id": _NOBODY, "user_id": _NOBODY}
    user_key = keys.user(owner["account_id"], owner["user_id"])
    account_key = keys.account(owner["account_id"])
    items = ctx.tables.get_many([user_key, account_key])
    stored = items.get(user_key, {}).get("password_hash")
    if not password_matches(password, stored, rounds=ctx.password_rounds):
        raise Unauthenticated("Email or password is wrong", code="invalid_credentials")
    user, account = read_user(items[user_key]), read_account(items[account_key])
    if user.status == "deleted" or account.status == "deleted" or user.email != email:
        raise Unauthenticated("Email or password is wrong", code="invalid_credentials")
    if user.status != "active":
        raise Forbidden(f"This user is {user.status}", code=f"user_{user.status}")
    now = ctx.clock.now()
    session, text = _new_session(ctx, user, now)
    ctx.tables.write(put_credential(session))
    return SignedIn(account, user, text, now + SESSION_LIFE)


def logout(ctx: Context, principal: Principal) -> None:
    """End the session the caller came with; an API key is not a session and stays."""
    credential = principal.credential
    if credential.kind != "session":
        return
    try:
        ctx.tables.write(Delete(key_of("session", credential.account_id, credential.id)))
    except Refused:
        return  # it had ended already


def _new_session(ctx: Context, user: User, now: datetime) -> tuple[Credential, str]:
    session_id = ctx.new_id(now)
    text = write_text(
        "session",
        account_id=user.account_id,
        user_id=user.id,
        credential_id=session_id,
        secret=ctx.random_bytes(SECRET_BYTES),
    )
    session = Credential(
        id=session_id,
        kind="session",
        account_id=user.account_id,
        user_id=user.id,
        secret_hash=hash_text(text),
        created_at=now,
        expires_at=now + SESSION_LIFE,
    )
    return session, text


def _welcome(account: Account) -> tuple[Put, ...]:
    if not account.balance:
        return ()
    entry = Entry(
        id=entry_id(account.id, "welcome", "registration"),
        account_id=account.id,
        kind="welcome",
        amount=account.balance,
        cause="registration",
        created_at=account.created_at,
        number=1,
        balance_after=account.balance,
    )
    return ledger.put_entry(entry)
