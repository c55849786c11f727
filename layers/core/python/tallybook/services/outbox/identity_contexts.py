"""The context of the mails with a link to set a password: the link, whose token is stored only as a hash.

The token is stored in one transaction with a check that its user still signs in with the mail's address. So after
a change of the email, no link is sent to the old address.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tallybook.domain.accounts import User
from tallybook.domain.credentials import SECRET_BYTES
from tallybook.domain.emails import mailbox
from tallybook.domain.outbox import Mail, UserRef
from tallybook.domain.passwords import Purpose, new_token
from tallybook.domain.times import readable
from tallybook.services.access import Access, access_beside_password, named_access
from tallybook.services.changes import retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.password_tokens import check_recipient_unchanged, put_token
from tallybook.store.users import read_user

PASSWORD_PAGE = "/auth/password/new"  # noqa: S105 a path


def invitation_context(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None:
    """None if the invited user has joined, or may no longer join."""

    def invited() -> User | None:
        ref = mail.subject_ref
        user = _active_user(ctx, ref, email=mail.to[0]) if isinstance(ref, UserRef) else None
        return user if user is not None and user.password_hash is None else None

    return _with_link(ctx, mail, invited, purpose="invitation", page_url=page_url)


def reset_context(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any] | None:
    """None if no active user signs in with the address."""

    def owner() -> User | None:
        item = ctx.tables.get(keys.email(mail.to[0]))
        ref = UserRef(item["account_id"], item["user_id"]) if item else None
        return _active_user(ctx, ref, email=mail.to[0]) if ref else None

    return _with_link(ctx, mail, owner, purpose="reset", page_url=page_url)


def password_changed_context(ctx: Context, mail: Mail, *, page_url: str) -> Mapping[str, Any]:  # noqa: ARG001 no link
    """With the access that is left beside the new password; none is named if the user is gone meanwhile.

    A mail that was stored before this was named has neither a user nor ended keys.
    """
    ref = mail.subject_ref
    user = _active_user(ctx, ref, email=mail.to[0]) if isinstance(ref, UserRef) else None
    access = access_beside_password(ctx, user) if user else Access()
    return {"ended_keys": [], **mail.context, **named_access(access)}


def _with_link(
    ctx: Context, mail: Mail, find_user: Callable[[], User | None], *, purpose: Purpose, page_url: str
) -> Mapping[str, Any] | None:
    def add_link(user: User | None) -> Mapping[str, Any] | None:
        if user is None:
            return None
        token, text = new_token(
            account_id=user.account_id,
            user_id=user.id,
            purpose=purpose,
            now=ctx.clock.now(),
            secret=ctx.random_bytes(SECRET_BYTES),
        )
        ctx.tables.transact([check_recipient_unchanged(user, purpose), put_token(token)])
        named = named_access(access_beside_password(ctx, user)) if purpose == "reset" else {}
        link = {"link": f"{page_url}{PASSWORD_PAGE}#{text}", "expires_at": readable(token.expires_at)}
        return {**mail.context, **link, **named}

    return retry_on_conflict(ctx, add_link, find_user(), reload=find_user)


def _active_user(ctx: Context, ref: UserRef, *, email: str) -> User | None:
    """The user, if they are active, their account is not deleted, and they sign in with this address."""
    user_key, account_key = keys.user(ref.account_id, ref.user_id), keys.account(ref.account_id)
    items = ctx.tables.get_many([user_key, account_key])
    if len(items) < 2 or items[account_key]["status"] == "deleted":
        return None
    user = read_user(items[user_key])
    return user if user.status == "active" and mailbox(user.email) == mailbox(email) else None
