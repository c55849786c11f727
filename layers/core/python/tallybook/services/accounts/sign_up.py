"""Sign-up. Source: docs/decisions.md, "Quota"."""

from tallybook.domain.audit import Actor
from tallybook.domain.credentials import SESSION_LIFE
from tallybook.domain.emails import normalize_email
from tallybook.domain.ids import USER
from tallybook.domain.outbox import Mail
from tallybook.domain.text_rules import check_password, optional_name
from tallybook.services.accounts.open_account import new_account, open_commands
from tallybook.services.context import Context
from tallybook.services.identity.password_hashing import hash_password
from tallybook.services.identity.sign_in import SignedIn, new_session
from tallybook.services.rate_limits import check_rate
from tallybook.store.credentials import put_credential


def register(ctx: Context, *, email: str, password: str, address: str, name: str | None = None) -> SignedIn:
    """Open an account on the free plan, with its root user and a session, in one transaction.

    Invalid `invalid_email`, `weak_password`, `invalid_name`; Conflict `email_exists`; TooManyRequests from one network
    `address` or for one email.
    """
    email = normalize_email(email)
    check_password(password)
    name = optional_name(name)
    check_rate(ctx, "register", address=address, email=email)
    now = ctx.clock.now()
    hashed = hash_password(password, rounds=ctx.password_rounds)
    account, user = new_account(ctx, email=email, name=name, password_hash=hashed, now=now)
    session, text = new_session(ctx, user, now)
    plan = ctx.catalogs.current(with_plan=account.plan).plans[account.plan].display_name
    context = {"name": user.name, "email": user.email, "plan": plan, "credits": account.wallet.balance}
    actor = Actor("user", USER + user.id, USER + user.id, address)
    mail = Mail("welcome", (user.email,), context)
    ctx.tables.transact([*open_commands(ctx, account, user, actor=actor, mail=mail), put_credential(session)])
    return SignedIn(account, user, text, now + SESSION_LIFE)
