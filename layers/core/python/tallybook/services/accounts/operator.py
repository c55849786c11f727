"""The operator's actions on accounts, users and their keys; the audit log names the operator as actor.

Accounts are suspended and resumed by `suspension.set_account_status`.
"""

from dataclasses import replace
from datetime import datetime

from tallybook.domain.accounts import Account, User, require_active_user
from tallybook.domain.audit import OPERATOR
from tallybook.domain.credentials import Credential
from tallybook.domain.emails import normalize_email
from tallybook.domain.events.accounts import user_invited
from tallybook.domain.ids import ACCOUNT
from tallybook.domain.text_rules import check_line, optional_name
from tallybook.domain.zones import DEFAULT_ZONE, check_zone
from tallybook.services.accounts.invitations import Invitation, invitation_mail, invite_commands, new_user
from tallybook.services.accounts.open_account import new_account, open_commands
from tallybook.services.accounts.suspension import NewStatus
from tallybook.services.accounts.users import change_user_commands, with_status
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.api_keys import CreatedKey, create_key_commands, new_key, revoke_key_commands
from tallybook.services.key_lookup import all_keys
from tallybook.services.lookup import find_account, find_account_and_user
from tallybook.services.rate_limits import check_strangers
from tallybook.store.accounts import confirm_account_email


def create_account(
    ctx: Context,
    *,
    email: str,
    name: str | None = None,
    display_name: str | None = None,
    time_zone: str = DEFAULT_ZONE,
) -> tuple[Account, User]:
    """Open an account as sign-up does, but invite its root user, called `name`, to set a password.

    Invalid `invalid_email`, `invalid_name`, `time_zone`; Conflict `email_exists`; TooManyRequests as in `invite`.
    """
    email, time_zone = normalize_email(email), check_zone(time_zone)
    name, display_name = optional_name(name), optional_name(display_name, field="display_name")
    now = ctx.clock.now()
    account, root = new_account(
        ctx, email=email, name=name, display_name=display_name, time_zone=time_zone, password_hash=None, now=now
    )
    mail = invitation_mail(account, root, inviter=None)
    opened = open_commands(ctx, account, root, actor=OPERATOR, mail=mail, also=(user_invited(root),))
    ctx.tables.transact([*check_strangers(ctx, [email]), *opened])
    return account, root


def invite(ctx: Context, account_id: str, invitation: Invitation) -> User:
    """As `invitations.invite_user`; TooManyRequests only if the address had 10 mails today as a stranger."""
    user = new_user(ctx, account_id, invitation, now=ctx.clock.now())

    def add(account: Account) -> User:
        invited = invite_commands(account, user, actor=OPERATOR, inviter=None)
        ctx.tables.transact([*check_strangers(ctx, [user.email]), *invited])
        return user

    return retry_on_conflict(ctx, add, find_account(ctx, account_id), reload=lambda: find_account(ctx, account_id))


def confirm_email(ctx: Context, account_id: str) -> Account:
    """Note that the account's email is its own, which else the use of a link in a mail shows. NotFound."""

    def confirm(account: Account) -> Account:
        if not account.email_unconfirmed:
            return account
        change = Change(OPERATOR, "account.email_confirmed", ACCOUNT + account.id, after={"email": account.email})
        ctx.tables.transact([confirm_account_email(account), *record(account, change, at=ctx.clock.now())])
        return replace(account, email_unconfirmed=False)

    return retry_on_conflict(ctx, confirm, find_account(ctx, account_id), reload=lambda: find_account(ctx, account_id))


def suspend_user(ctx: Context, account_id: str, user_id: str, *, reason: str) -> User:
    """The user, suspended; unchanged if suspended already. Also possible for the last root user."""
    check_line(reason, field="reason")
    return _set_status(ctx, account_id, user_id, "suspended", reason=reason)


def resume_user(ctx: Context, account_id: str, user_id: str) -> User:
    """The user, active again after being suspended or disabled; unchanged if active already."""
    return _set_status(ctx, account_id, user_id, "active", reason=None)


def create_key(
    ctx: Context, account_id: str, user_id: str, *, name: str, expires_at: datetime | None = None
) -> CreatedKey:
    """A key that acts as the user. Errors as in `api_keys.create_api_key`; Forbidden for a user who is not active."""
    found = find_account_and_user(ctx, account_id, user_id)
    created = new_key(ctx, found[1], name=name, expires_at=expires_at, now=ctx.clock.now())

    def create(found: tuple[Account, User]) -> CreatedKey:
        account, user = found
        require_active_user(user)
        ctx.tables.transact(create_key_commands(account, user, created.key, actor=OPERATOR))
        return created

    return retry_on_conflict(ctx, create, found, reload=lambda: find_account_and_user(ctx, account_id, user_id))


def revoke_key(ctx: Context, account_id: str, key_id: str) -> Credential:
    """Delete the key, and the keys made with it; return it."""

    def revoke(account: Account) -> Credential:
        stored = all_keys(ctx, account_id)
        ctx.tables.transact(revoke_key_commands(account, stored, key_id, actor=OPERATOR, at=ctx.clock.now()))
        return next(key for key in stored if key.id == key_id)

    return retry_on_conflict(ctx, revoke, find_account(ctx, account_id), reload=lambda: find_account(ctx, account_id))


def _set_status(ctx: Context, account_id: str, user_id: str, status: NewStatus, *, reason: str | None) -> User:
    def change(found: tuple[Account, User]) -> User:
        account, before = found
        if before.status == status:
            return before
        now = ctx.clock.now()
        after = with_status(before, status, reason=reason, now=now)
        ctx.tables.transact(change_user_commands(account, before, after, actor=OPERATOR, at=now))
        return after

    found = find_account_and_user(ctx, account_id, user_id)
    return retry_on_conflict(ctx, change, found, reload=lambda: find_account_and_user(ctx, account_id, user_id))
