"""Invitations: a new user gets a mail with a link to set a password. Source: docs/decisions.md, "ScaleBox"."""

from dataclasses import dataclass
from datetime import datetime

from tallybook.domain.accounts import MAX_USERS, Account, Role, User, require_active, require_root
from tallybook.domain.audit import Actor, actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.emails import normalize_email
from tallybook.domain.errors import Conflict, Invalid
from tallybook.domain.events.accounts import user_invited
from tallybook.domain.idempotency import Present
from tallybook.domain.ids import USER
from tallybook.domain.outbox import Mail, UserRef
from tallybook.domain.text_rules import optional_name
from tallybook.services.accounts.users import audit_snapshot
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.identity.authenticate import reread
from tallybook.services.kept_answers import keep_answer
from tallybook.services.lookup import find_user
from tallybook.services.rate_limits import check_invitations, count_unsolicited_mail
from tallybook.store.accounts import count_users
from tallybook.store.commands import Command
from tallybook.store.users import check_still_root, put_email, put_user


@dataclass(frozen=True, slots=True)
class Invitation:
    email: str
    name: str | None = None
    role: Role = "user"
    is_root: bool = False


def invite_user(
    ctx: Context, principal: Principal, invitation: Invitation, *, present: Present[User] | None = None
) -> User:
    """Create a user without a password, and mail them a link to set one; for root users.

    Invalid `invalid_email`, `invalid_name`; Forbidden `account_suspended`; Conflict `email_exists`, or `too_many_users`
    over 1,000, deleted users included; TooManyRequests over 30 an hour from one account or 3 to one address,
    and if the address had 10 mails today as a stranger.
    """
    require_root(principal.user)
    require_active(principal.account)
    user = new_user(ctx, principal.account.id, invitation, now=ctx.clock.now())
    check_invitations(ctx, account_id=principal.account.id, email=user.email)

    def invite(principal: Principal) -> User:
        require_root(principal.user)
        commands = invite_commands(
            principal.account, user, actor=actor_of(principal), inviter=principal.user.name or principal.user.email
        )
        ctx.tables.transact(
            [
                check_still_root(principal.user),
                count_unsolicited_mail(ctx, email=user.email),
                *commands,
                *keep_answer(ctx, principal.keyed, present, user, at=user.created_at),
            ]
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
    check_invitations(ctx, account_id=principal.account.id, email=user.email)

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


def new_user(ctx: Context, account_id: str, invitation: Invitation, *, now: datetime) -> User:
    """The invited user, not stored yet; Invalid `invalid_email`, `invalid_name`."""
    return User(
        id=ctx.new_id(now),
        account_id=account_id,
        email=normalize_email(invitation.email),
        created_at=now,
        status="active",
        role=invitation.role,
        is_root=invitation.is_root,
        password_hash=None,
        name=optional_name(invitation.name, field="display_name"),
        email_unconfirmed=True,
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
        {"inviter": inviter, "account": account.display_name or account.email},
        UserRef(user.account_id, user.id),
    )
