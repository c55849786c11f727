"""Opens an account with its root user, the welcome credit and the first period, for sign-up and the operator."""

from datetime import datetime
from decimal import Decimal

from tallybook.domain.accounts import Account, Counts, FeeTerms, User, Wallet
from tallybook.domain.audit import Actor
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.errors import Conflict
from tallybook.domain.events.accounts import account_registered
from tallybook.domain.events.billing import subscription_started, wallet_moved
from tallybook.domain.ids import ACCOUNT
from tallybook.domain.outbox import BusEvent, Mail
from tallybook.domain.periods import first_schedule, period_of
from tallybook.domain.wallet import Entry, entry_id
from tallybook.domain.zones import DEFAULT_ZONE
from tallybook.services.billing.open_period import new_billing_period
from tallybook.services.changes import Change, record_first
from tallybook.services.context import Context
from tallybook.store import ledger
from tallybook.store.accounts import put_account
from tallybook.store.closing_cursors import put_closing
from tallybook.store.commands import Command
from tallybook.store.periods import open_period
from tallybook.store.users import put_email, put_user


def new_account(
    ctx: Context,
    *,
    email: str,
    name: str | None,
    password_hash: str | None,
    now: datetime,
    display_name: str | None = None,
    time_zone: str = DEFAULT_ZONE,
) -> tuple[Account, User]:
    """An account on the free plan with the welcome credit, and its root user called `name`; nothing is stored yet."""
    catalog = ctx.catalogs.current()
    account_id, user_id = ctx.new_id(now), ctx.new_id(now)
    schedule = first_schedule(now, time_zone)
    plan = catalog.plans[catalog.free_plan]
    account = Account(
        id=account_id,
        email=email,
        created_at=now,
        status="active",
        plan=catalog.free_plan,
        subscription_id=ctx.new_id(now),
        subscribed_at=now,
        schedule=schedule,
        first_period_at=schedule.since,
        closing_cursor=ClosingCursor(period_of(schedule, now)),
        display_name=display_name,
        wallet=Wallet(
            balance=catalog.welcome_credit,
            entry_count=1 if catalog.welcome_credit else 0,
            welcome=catalog.welcome_credit,
        ),
        counts=Counts(audit_count=1, user_count=1),
        fee_year=FeeTerms(schedule.since, plan.price, Decimal(0)) if plan.billing_interval == "year" else None,
        email_unconfirmed=True,
    )
    user = User(
        id=user_id,
        account_id=account_id,
        email=email,
        created_at=now,
        status="active",
        role="admin",
        is_root=True,
        password_hash=password_hash,
        name=name,
        email_unconfirmed=True,
    )
    return account, user


def open_commands(
    ctx: Context, account: Account, root: User, *, actor: Actor, mail: Mail, also: tuple[BusEvent, ...] = ()
) -> list[Command]:
    """The commands that store the account and its parts, with the mail, the usual events and the events `also`.

    Conflict `email_exists` if somebody signs in with the root user's email.
    """
    email_exists = Conflict("This email is already registered", code="email_exists", field="email")
    welcome = _welcome(account)
    change = Change(
        actor,
        "account.registered",
        ACCOUNT + account.id,
        after={"email": account.email, "plan_name": account.plan, "balance": account.wallet.balance},
        mails=(mail,),
        events=(
            account_registered(account, root),
            *also,
            subscription_started(account),
            *((wallet_moved(welcome),) if welcome else ()),
        ),
    )
    return [
        put_email(root, refusal=email_exists),
        put_account(account),
        put_user(root),
        *(ledger.put_entry(welcome) if welcome else ()),
        *record_first(account.id, change, at=account.created_at),
        *open_period(account, new_billing_period(ctx, account, account.closing_cursor.period)),
        put_closing(account.id, account.closing_cursor),
    ]


def _welcome(account: Account) -> Entry | None:
    if not account.wallet.balance:
        return None
    return Entry(
        id=entry_id(account.id, "welcome", "registration"),
        account_id=account.id,
        kind="welcome",
        amount=account.wallet.balance,
        cause="registration",
        created_at=account.created_at,
        number=1,
        balance_after=account.wallet.balance,
    )
