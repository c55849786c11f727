"""Signing in and out."""

from dataclasses import dataclass, field
from datetime import datetime

from tallybook.domain.accounts import Account, User, require_active_user
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.credentials import SECRET_BYTES, SESSION_LIFE, Credential, Principal, new_credential
from tallybook.domain.emails import mailbox
from tallybook.domain.errors import Unauthenticated
from tallybook.domain.ids import USER
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.password_hashing import password_matches
from tallybook.services.rate_limits import check_rate
from tallybook.store import keys
from tallybook.store.accounts import read_account
from tallybook.store.commands import Delete
from tallybook.store.credentials import key_of, put_credential
from tallybook.store.users import read_user

_LONGEST_EMAIL = 320
_NO_ID = "00000000-0000-7000-8000-000000000000"
_UNKNOWN = {"account_id": _NO_ID, "user_id": _NO_ID}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with a new session; `text` is its secret."""

    account: Account
    user: User
    text: str = field(repr=False)
    expires_at: datetime


def login(ctx: Context, *, email: str, password: str, address: str) -> SignedIn:
    """A new session. An unknown email costs the same work as a wrong password and gets the same error.

    Unauthenticated `invalid_credentials`; TooManyRequests over 5 a minute from one network `address`, or 500 for one
    email; Forbidden `user_suspended` or `user_disabled`.
    """
    check_rate(ctx, "login", address=address, email=email)
    email = mailbox(email)[:_LONGEST_EMAIL]
    owner = ctx.tables.get(keys.email(email)) or _UNKNOWN
    user_key = keys.user(owner["account_id"], owner["user_id"])
    account_key = keys.account(owner["account_id"])
    items = ctx.tables.get_many([user_key, account_key])
    stored = items.get(user_key, {}).get("password_hash")
    if not password_matches(password, stored, rounds=ctx.password_rounds):
        raise Unauthenticated("Email or password is wrong", code="invalid_credentials")
    user, account = read_user(items[user_key]), read_account(items[account_key])
    if user.status == "deleted" or account.status == "deleted" or mailbox(user.email) != email:
        raise Unauthenticated("Email or password is wrong", code="invalid_credentials")
    require_active_user(user)
    now = ctx.clock.now()
    session, text = new_session(ctx, user, now)
    actor = Actor("user", USER + user.id, USER + user.id, address)

    def sign_in(account: Account) -> SignedIn:
        change = Change(actor, "user.signed_in", USER + user.id)
        ctx.tables.transact([put_credential(session), *record(account, change, at=now)])
        return SignedIn(account, user, text, now + SESSION_LIFE)

    return retry_on_conflict(ctx, sign_in, account, reload=lambda: _account(ctx, account.id))


def logout(ctx: Context, principal: Principal) -> None:
    """End the caller's session; without effect for an API key."""
    credential = principal.credential
    if credential.kind != "session":
        return
    session_key = key_of("session", credential.account_id, credential.id)

    def sign_out(account: Account) -> None:
        if ctx.tables.get(session_key) is None:
            return
        change = Change(actor_of(principal), "user.signed_out", USER + principal.user.id)
        ctx.tables.transact([Delete(session_key), *record(account, change, at=ctx.clock.now())])

    retry_on_conflict(ctx, sign_out, principal.account, reload=lambda: _account(ctx, principal.account.id))


def new_session(ctx: Context, user: User, now: datetime) -> tuple[Credential, str]:
    """A session of the user, not stored yet, and its text."""
    secret = ctx.random_bytes(SECRET_BYTES)
    return new_credential("session", user, id=ctx.new_id(now), secret=secret, now=now, expires_at=now + SESSION_LIFE)


def _account(ctx: Context, account_id: str) -> Account:
    item = ctx.tables.get(keys.account(account_id))
    if item is None:
        raise Unauthenticated("Email or password is wrong", code="invalid_credentials")
    return read_account(item)
