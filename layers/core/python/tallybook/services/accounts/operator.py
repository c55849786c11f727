"""What the operator does to accounts, users and their keys; the audit log tells it of the operator.

Accounts are suspended and resumed by `suspend_account.set_standing`.
"""

from datetime import datetime

from tallybook.domain.accounts import Account, User, check_name, check_reason, normal_email
from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import Credential
from tallybook.domain.errors import Forbidden
from tallybook.domain.events.accounts import user_invited
from tallybook.domain.periods import check_zone
from tallybook.services.accounts.open_account import new_account, open_commands
from tallybook.services.accounts.suspension import NewStatus
from tallybook.services.accounts.team import Invitation, invitation_mail, invite_commands, new_user
from tallybook.services.accounts.users import changed, with_status
from tallybook.services.changes import retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.api_keys import CreatedKey, created, new_key, revoked
from tallybook.services.lookup import find_account, find_key, find_member


def create_account(
    ctx: Context,
    *,
    email: str,
    name: str | None = None,
    display_name: str | None = None,
    time_zone: str = "UTC",
) -> tuple[Account, User]:
    """An account as signing up makes one, but that its root user, `name`, is invited to set a password.

    Its periods are months of its time zone. Invalid `invalid_email`, `invalid_name`, `time_zone`; Conflict
    `email_exists`.
    """
    email, time_zone = normal_email(email), check_zone(time_zone)
    if name is not None:
        check_name(name)
    if display_name is not None:
        check_name(display_name, field="display_name")
    now = ctx.clock.now()
    account, root = new_account(
        ctx, email=email, name=name, display_name=display_name, time_zone=time_zone, password_hash=None, now=now
    )
    mail = invitation_mail(account, root, inviter=None)
    ctx.tables.transact(open_commands(ctx, account, root, actor=OPERATOR, mail=mail, also=(user_invited(root),)))
    return account, root


def invite(ctx: Context, account_id: str, invitation: Invitation) -> User:
    """As `team.invite_user`, by the operator."""
    user = new_user(ctx, account_id, invitation, now=ctx.clock.now())

    def add(account: Account) -> User:
        ctx.tables.transact(invite_commands(account, user, actor=OPERATOR, inviter=None))
        return user

    return retry_on_conflict(ctx, add, find_account(ctx, account_id), reload=lambda: find_account(ctx, account_id))


def suspend_user(ctx: Context, account_id: str, user_id: str, *, reason: str) -> User:
    """The user, refused everywhere from now on; unchanged if suspended already. Any user, the last root user too."""
    check_reason(reason)
    return _with_standing(ctx, account_id, user_id, "suspended", reason=reason)


def resume_user(ctx: Context, account_id: str, user_id: str) -> User:
    """The user, suspended or disabled before, active from now on; unchanged if active already."""
    return _with_standing(ctx, account_id, user_id, "active", reason=None)


def create_key(
    ctx: Context, account_id: str, user_id: str, *, name: str, expires_at: datetime | None = None
) -> CreatedKey:
    """A key that acts as the user; its secret is told once. As `api_keys.create_api_key`, and Forbidden for a user
    who is not active.
    """
    account, user = find_member(ctx, account_id, user_id)
    made = new_key(ctx, user, name=name, expires_at=expires_at, now=ctx.clock.now())

    def create(found: tuple[Account, User]) -> CreatedKey:
        account, user = found
        if user.status != "active":
            raise Forbidden(f"This user is {user.status}", code=f"user_{user.status}")
        ctx.tables.transact(created(account, user, made.key, actor=OPERATOR))
        return made

    return retry_on_conflict(ctx, create, (account, user), reload=lambda: find_member(ctx, account_id, user_id))


def revoke_key(ctx: Context, account_id: str, key_id: str) -> Credential:
    """The key, which ends at once."""

    def revoke(account: Account) -> Credential:
        key = find_key(ctx, account_id, key_id)
        ctx.tables.transact(revoked(account, key, actor=OPERATOR, at=ctx.clock.now()))
        return key

    return retry_on_conflict(ctx, revoke, find_account(ctx, account_id), reload=lambda: find_account(ctx, account_id))


def _with_standing(ctx: Context, account_id: str, user_id: str, status: NewStatus, *, reason: str | None) -> User:
    def change(found: tuple[Account, User]) -> User:
        account, before = found
        if before.status == status:
            return before
        now = ctx.clock.now()
        after = with_status(before, status, reason=reason, now=now)
        ctx.tables.transact(changed(account, before, after, actor=OPERATOR, at=now))
        return after

    found = find_member(ctx, account_id, user_id)
    return retry_on_conflict(ctx, change, found, reload=lambda: find_member(ctx, account_id, user_id))
