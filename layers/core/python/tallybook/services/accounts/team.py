"""An account's users, managed by its root users: listed, invited, deleted. Source: docs/decisions.md, "ScaleBox"."""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import (
    MAX_USERS,
    Account,
    Role,
    User,
    check_name,
    normal_email,
    require_active,
    require_root,
)
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.errors import Conflict, Invalid
from tallybook.domain.events.accounts import user_deleted, user_invited
from tallybook.domain.ids import USER
from tallybook.domain.outbox import Mail
from tallybook.services.accounts.users import audit_snapshot
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.api_keys import all_keys
from tallybook.services.identity.authenticate import reread
from tallybook.services.lookup import find_user
from tallybook.services.quotas.release import end_quotas
from tallybook.services.rate_limits import check_invitations, count_unsolicited_mail
from tallybook.store import keys
from tallybook.store.accounts import (
    check_still_root,
    count_users,
    free_email,
    put_email,
    put_user,
    read_user,
    set_user,
)
from tallybook.store.commands import Command, Delete, Update
from tallybook.store.password_tokens import drop_tokens


@dataclass(frozen=True, slots=True)
class Invitation:
    email: str
    name: str | None = None
    role: Role = "user"
    is_root: bool = False


def list_users(ctx: Context, principal: Principal) -> list[User]:
    """Newest first, without deleted users; for root users."""
    require_root(principal.user)
    return all_users(ctx, principal.account.id)


def show_user(ctx: Context, principal: Principal, user_id: str) -> User:
    require_root(principal.user)
    return find_user(ctx, principal.account, user_id)


def invite_user(ctx: Context, principal: Principal, invitation: Invitation) -> User:
    """A user without a password, and a mail with a link to set one; for root users.

    Invalid `invalid_email`, `invalid_name`; Forbidden `account_suspended`; Conflict `email_exists`, or `too_many_users`
    over 1,000, deleted users included; TooManyRequests over 30 an hour from one account or 3 to one address.
    """
    require_root(principal.user)
    require_active(principal.account)
    user = new_user(ctx, principal.account.id, invitation, now=ctx.clock.now())
    check_invitations(ctx, account_id=principal.account.id)

    def invite(principal: Principal) -> User:
        require_root(principal.user)
        commands = invite_commands(
            principal.account, user, actor=actor_of(principal), inviter=principal.user.name or principal.user.email
        )
        ctx.tables.transact(
            [check_still_root(principal.user), count_unsolicited_mail(ctx, email=user.email), *commands]
        )
        return user

    return retry_on_conflict(ctx, invite, principal, reload=lambda: reread(ctx, principal))


def invite_again(ctx: Context, principal: Principal, user_id: str) -> User:
    """Send the invitation again, with a new link; for root users.

    Invalid `already_joined` for a user who has a password; TooManyRequests as in `invite_user`.
    """
    require_root(principal.user)
    require_active(principal.account)
    user = find_user(ctx, principal.account, user_id)
    check_invitations(ctx, account_id=principal.account.id)

    def reload() -> tuple[Principal, User]:
        current = reread(ctx, principal)
        return current, find_user(ctx, current.account, user_id)

    def invite(state: tuple[Principal, User]) -> User:
        principal, user = state
        require_root(principal.user)
        require_active(principal.account)
        if user.password_hash is not None:
            raise Invalid("This user has set a password already", code="already_joined")
        mail = invitation_mail(principal.account, user, inviter=principal.user.name or principal.user.email)
        change = Change(actor_of(principal), "user.invited_again", USER + user.id, mails=(mail,))
        ctx.tables.transact(
            [
                check_still_root(principal.user),
                count_unsolicited_mail(ctx, email=user.email),
                *record(principal.account, change, at=ctx.clock.now()),
            ]
        )
        return user

    return retry_on_conflict(ctx, invite, (principal, user), reload=reload)


def delete_user(ctx: Context, principal: Principal, user_id: str) -> None:
    """Delete the user with their email, keys and quota; their sessions end. For root users. Invalid `own_user`."""

    def delete(principal: Principal) -> None:
        require_root(principal.user)
        user = find_user(ctx, principal.account, user_id)
        if user.id == principal.user.id:
            raise Invalid("Another root user has to do this to you", code="own_user")
        now = ctx.clock.now()
        quota_ends = end_quotas(principal.account, user, actor=actor_of(principal), now=now)
        change = Change(
            actor_of(principal),
            "user.deleted",
            USER + user.id,
            before={"email": user.email, **audit_snapshot(user)},
            after={"status": "deleted"},
            events=(user_deleted(user),),
        )
        ctx.tables.transact(
            [
                _erase(user),
                free_email(user),
                *drop_tokens(user.account_id, user.id),
                *_delete_keys(ctx, user),
                *(command for end in quota_ends for command in end.commands),
                check_still_root(principal.user),
                *record(principal.account, change, *(end.change for end in quota_ends), at=now),
            ]
        )

    retry_on_conflict(ctx, delete, principal, reload=lambda: reread(ctx, principal))


def all_users(ctx: Context, account_id: str) -> list[User]:
    """Newest first, without deleted users."""
    items = ctx.tables.query("core", keys.account(account_id).pk, start=keys.USERS, end=f"{keys.USERS}~")
    return [user for user in map(read_user, reversed(list(items))) if user.status != "deleted"]


def new_user(ctx: Context, account_id: str, invitation: Invitation, *, now: datetime) -> User:
    """The invited user, not stored yet; Invalid `invalid_email`, `invalid_name`."""
    if invitation.name is not None:
        check_name(invitation.name, field="display_name")
    return User(
        id=ctx.new_id(now),
        account_id=account_id,
        email=normal_email(invitation.email),
        created_at=now,
        status="active",
        role=invitation.role,
        is_root=invitation.is_root,
        password_hash=None,
        name=invitation.name,
    )


def invite_commands(account: Account, user: User, *, actor: Actor, inviter: str | None) -> list[Command]:
    """The user, their email, the count and the audit entry with its mail; errors as in `invite_user`."""
    require_active(account)
    if account.counts.user_count >= MAX_USERS:
        raise Conflict(f"An account has at most {MAX_USERS} users, deleted ones included", code="too_many_users")
    email_exists = Conflict("This email is already registered", code="email_exists", field="email")
    change = Change(
        actor,
        "user.invited",
        USER + user.id,
        after={"email": user.email, **audit_snapshot(user)},
        mails=(invitation_mail(account, user, inviter=inviter),),
        events=(user_invited(user),),
    )
    return [
        put_email(user, refusal=email_exists),
        put_user(user),
        count_users(account.id),
        *record(account, change, at=user.created_at),
    ]


def invitation_mail(account: Account, user: User, *, inviter: str | None) -> Mail:
    """`inviter` is a name or email; None for the operator."""
    return Mail(
        "invitation",
        (user.email,),
        facts={"inviter": inviter, "account": account.display_name or account.email},
        purpose="invitation",
        account_id=user.account_id,
        user_id=user.id,
    )


def _erase(user: User) -> Update:
    """Removes the personal data. The item stays, because sessions, ledger and audit log refer to it."""
    return set_user(
        user,
        status="deleted",
        email=f"deleted-{user.id}@deleted.invalid",
        name=None,
        password_hash=None,
        keys=0,
        generation=user.generation + 1,
    )


def _delete_keys(ctx: Context, user: User) -> list[Command]:
    own = [key for key in all_keys(ctx, user.account_id) if key.user_id == user.id]
    count = Update(keys.account(user.account_id), add={"keys": -len(own)})
    return [*(Delete(keys.api_key(user.account_id, key.id)) for key in own), *([count] if own else [])]
