"""Finds accounts and users by id or by the email address that a user signs in with."""

from tallybook.domain.accounts import Account, User
from tallybook.domain.errors import Invalid
from tallybook.domain.ids import ACCOUNT, USER, strip_prefix
from tallybook.services.context import Context
from tallybook.services.lookup import find_account, find_account_and_user, find_by_email


def resolve_account(ctx: Context, name: str) -> Account:
    """`name` is `acc-…`, or the email address of one of the account's users."""
    if "@" in name:
        account, _ = find_by_email(ctx, name)
        return account
    if not name.startswith(ACCOUNT):
        raise Invalid(f"{name!r} is not an account: use acc-… or the email address of one of its users")
    return find_account(ctx, strip_prefix(name, ACCOUNT, field="account"))


def resolve_user(ctx: Context, name: str, user_id: str | None) -> tuple[Account, User]:
    """Without a `user_id`, `name` is the user's email address; with one (`usr-…`), it is their account's name."""
    if user_id is not None:
        return find_account_and_user(ctx, resolve_account(ctx, name).id, strip_prefix(user_id, USER, field="user"))
    if "@" not in name:
        raise Invalid(f"{name!r} is not a user: use an email address, or acc-… and usr-…")
    return find_by_email(ctx, name)
