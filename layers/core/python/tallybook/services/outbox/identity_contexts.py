"""What a letter with a link to set a password says when it is written: its token, made here and stored as a hash alone.

A token is stored only while its user signs in with the very address that the mail goes to, in one transaction with
that: a change of the email that comes between ends with no link under way to the address that was.
"""

from collections.abc import Mapping
from typing import Any

from tallybook.domain.accounts import User
from tallybook.domain.credentials import SECRET_BYTES
from tallybook.domain.outbox import Mail, Purpose
from tallybook.domain.passwords import new_token
from tallybook.domain.times import readable
from tallybook.services.changes import retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import read_user
from tallybook.store.password_tokens import check_still_addressed, put_token

PASSWORD_PAGE = "/auth/password/new"  # noqa: S105 a path


def password_facts(ctx: Context, mail: Mail, purpose: Purpose, *, page_url: str) -> Mapping[str, Any] | None:
    """The facts of the letter; None where its address leads to nobody who may set a password with it."""

    def write(user: User | None) -> Mapping[str, Any] | None:
        if user is None:
            return None
        token, text = new_token(
            account_id=user.account_id,
            user_id=user.id,
            purpose=purpose,
            now=ctx.clock.now(),
            secret=ctx.random_bytes(SECRET_BYTES),
        )
        ctx.tables.transact([check_still_addressed(user, purpose), put_token(token)])
        link = {"link": f"{page_url}{PASSWORD_PAGE}#{text}", "expires_at": readable(token.expires_at)}
        return {**mail.facts, **link}

    return retry_on_conflict(ctx, write, _user(ctx, mail), reload=lambda: _user(ctx, mail))


def _user(ctx: Context, mail: Mail) -> User | None:
    """Whom the letter is about, if they may still set a password with it."""
    owner: Mapping[str, Any] | None = {"account_id": mail.account_id, "user_id": mail.user_id}
    if mail.user_id is None:
        owner = ctx.tables.get(keys.email(mail.to[0]))
    if owner is None:
        return None
    user_key, account_key = keys.user(owner["account_id"], owner["user_id"]), keys.account(owner["account_id"])
    items = ctx.tables.get_many([user_key, account_key])
    if len(items) < 2 or items[account_key]["status"] == "deleted":
        return None
    user = read_user(items[user_key])
    if user.status != "active" or user.email != mail.to[0]:
        return None
    if mail.purpose == "invitation" and user.password_hash is not None:
        return None
    return user
