"""Finds and lists accounts and users. Unknown ones are NotFound."""

import heapq
from itertools import batched

from tallybook.domain.accounts import Account, AccountStatus, User
from tallybook.domain.emails import normalize_email
from tallybook.domain.errors import NotFound
from tallybook.domain.jobs import partitions
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import ACCOUNTS, read_account
from tallybook.store.commands import Item
from tallybook.store.unreadable import Unreadable, read_if_possible
from tallybook.store.users import read_user


def list_accounts(ctx: Context, *, limit: int, status: AccountStatus | None = None) -> list[Account | Unreadable]:
    """Up to `limit` accounts, newest first. With a `status`, only accounts that have it; this may read all accounts."""
    at_most = None if status else limit
    rows = [ctx.tables.query_due(partition, limit=at_most, newest_first=True) for partition in partitions(ACCOUNTS)]
    found: list[Account | Unreadable] = []
    for batch in batched(heapq.merge(*rows, key=lambda row: row.at, reverse=True), limit, strict=False):
        items = ctx.tables.get_many(row.key for row in batch)
        wanted = [items[row.key] for row in batch if row.key in items]
        found += [read_if_possible(read_account, item) for item in wanted if status in (None, item.get("status"))]
        if status is None or len(found) >= limit:
            break
    return found[:limit]


def find_account(ctx: Context, account_id: str) -> Account:
    """The account, deleted or not."""
    item = ctx.tables.get(keys.account(account_id))
    if item is None:
        raise NotFound("There is no such account", resource="account")
    return read_account(item)


def find_account_and_user(ctx: Context, account_id: str, user_id: str) -> tuple[Account, User]:
    """The user and their account; NotFound for a deleted user too."""
    account_key, user_key = keys.account(account_id), keys.user(account_id, user_id)
    items = ctx.tables.get_many([account_key, user_key])
    if len(items) < 2 or items[user_key]["status"] == "deleted":
        raise NotFound("There is no such user", resource="user")
    return read_account(items[account_key]), read_user(items[user_key])


def find_user(ctx: Context, account: Account, user_id: str) -> User:
    """A user of the account; NotFound for a deleted user too."""
    return live_user(ctx.tables.get(keys.user(account.id, user_id)))


def live_account(item: Item | None) -> Account:
    """The item as an account; NotFound without an item, and for a deleted account."""
    if item is None or item["status"] == "deleted":
        raise NotFound("There is no such account", resource="account")
    return read_account(item)


def live_user(item: Item | None) -> User:
    """The item as a user; NotFound without an item, and for a deleted user."""
    if item is None or item["status"] == "deleted":
        raise NotFound("There is no such user", resource="user")
    return read_user(item)


def find_by_email(ctx: Context, email: str) -> tuple[Account, User]:
    """The user who signs in with this email, and their account; NotFound, or Invalid for a text that is no email.

    An earlier release took some emails that are invalid now, so it is looked up before it is checked.
    """
    owner = ctx.tables.get(keys.email(email))
    if owner is None:
        normalize_email(email)
        raise NotFound("Nobody signs in with this address", resource="user")
    return find_account_and_user(ctx, owner["account_id"], owner["user_id"])


def all_users(ctx: Context, account_id: str, *, consistent: bool = True) -> list[User]:
    """The account's users, newest first, without deleted users; at most 1,000."""
    pk = keys.account(account_id).pk
    items = ctx.tables.query("core", pk, start=keys.USERS, end=f"{keys.USERS}~", consistent=consistent)
    users = [read_user(item) for item in items]
    return [user for user in reversed(users) if user.status != "deleted"]
