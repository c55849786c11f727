"""Signing up."""

from tallybook.domain.accounts import Account, User, check_name, check_password, normal_email
from tallybook.domain.announcements import account_registered, subscription_started, wallet_moved
from tallybook.domain.audit import Actor
from tallybook.domain.credentials import SESSION_LIFE
from tallybook.domain.errors import Conflict
from tallybook.domain.ids import ACCOUNT, USER
from tallybook.domain.outbox import Mail
from tallybook.domain.periods import first_anchor, period_of
from tallybook.domain.wallet import Entry, entry_id
from tallybook.services.changes import Change, first_recorded
from tallybook.services.context import Context
from tallybook.services.limits import check_rate
from tallybook.services.passwords import hash_password
from tallybook.services.periods import opening
from tallybook.services.sign_in import SignedIn, new_session
from tallybook.store import ledger
from tallybook.store.accounts import put_account, put_email, put_user
from tallybook.store.credentials import put_credential
from tallybook.store.periods import open_period


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
    check_rate(ctx, "register", address=address, email=email)
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
        audits=1,
        users=1,
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
    session, text = new_session(ctx, user, now)
    welcome = _welcome(account)
    taken = Conflict("This email is already registered", code="email_exists", field="email")
    ctx.tables.transact(
        [
            put_email(user, refusal=taken),
            put_account(account),
            put_user(user),
            put_credential(session),
            *(ledger.put_entry(welcome) if welcome else ()),
            *first_recorded(account.id, _registered(account, user, welcome, address=address), at=now),
            *open_period(account, opening(ctx, account, period_of(account.calendar, now))),
        ]
    )
    return SignedIn(account, user, text, now + SESSION_LIFE)


def _registered(account: Account, user: User, welcome: Entry | None, *, address: str) -> Change:
    facts = {"name": user.name, "email": user.email, "plan": account.plan, "credits": account.balance}
    moved = (wallet_moved(welcome),) if welcome else ()
    return Change(
        Actor("user", USER + user.id, USER + user.id, address),
        "account.registered",
        ACCOUNT + account.id,
        after={"email": account.email, "plan_name": account.plan, "balance": account.balance},
        mails=(Mail("welcome", (user.email,), facts),),
        events=(account_registered(account, user), subscription_started(account), *moved),
    )


def _welcome(account: Account) -> Entry | None:
    if not account.balance:
        return None
    return Entry(
        id=entry_id(account.id, "welcome", "registration"),
        account_id=account.id,
        kind="welcome",
        amount=account.balance,
        cause="registration",
        created_at=account.created_at,
        number=1,
        balance_after=account.balance,
    )
