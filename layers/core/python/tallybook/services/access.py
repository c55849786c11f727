"""What gives access to an account beside a user's password: their API keys, and the account's other root users."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tallybook.domain.accounts import User
from tallybook.domain.credentials import Credential
from tallybook.domain.passwords import Purpose
from tallybook.domain.times import readable
from tallybook.services.context import Context
from tallybook.services.key_lookup import all_keys
from tallybook.services.lookup import all_users

MOST_NAMED = 50
"""Root users that are named, as many as a user can have keys."""


class Access(NamedTuple):
    """Newest first. `unlisted`: how many older root users there are beside `root_users`."""

    keys: tuple[Credential, ...] = ()
    root_users: tuple[User, ...] = ()
    unlisted: int = 0


class Link(NamedTuple):
    """What the page of a link shows before the password is set. `account` is the account's name, or its email."""

    purpose: Purpose
    email: str
    account: str
    access: Access


def access_beside_password(ctx: Context, user: User) -> Access:
    """The user's API keys that work, and, for a root user, the account's other root users; recent changes may lack.

    Nothing for an invited user without a password: their access begins only now, so there is none to take back. Other
    users may not list the team, so they are shown no root users.
    """
    if user.password_hash is None:
        return Access()
    now = ctx.clock.now()
    mine = (key for key in all_keys(ctx, user.account_id, consistent=False) if key.user_id == user.id)
    keys = tuple(key for key in mine if key.expires_at is None or key.expires_at > now)[::-1]
    users = all_users(ctx, user.account_id, consistent=False) if user.is_root else []
    roots = tuple(one for one in users if one.is_root and one.id != user.id)
    return Access(keys, roots[:MOST_NAMED], len(roots[MOST_NAMED:]))


def named_access(access: Access) -> dict[str, Any]:
    """The variables of a mail that names it."""
    roots = [{"name": user.name, "email": user.email, "since": readable(user.created_at)} for user in access.root_users]
    return {"keys": named_keys(access.keys), "root_users": roots, "unlisted": access.unlisted}


def named_keys(keys: Iterable[Credential]) -> list[Mapping[str, str | None]]:
    """The keys as a mail names them, without any part of a secret."""
    return [{"name": key.name, "created": readable(key.created_at)} for key in keys]
