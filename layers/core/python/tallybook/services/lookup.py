"""Accounts and their users as the operator finds them, whoever they belong to."""

import heapq
from itertools import batched

from tallybook.domain.accounts import Account, AccountStatus, User, normal_email
from tallybook.domain.credentials import Credential
from tallybook.domain.errors import NotFound
from tallybook.domain.jobs import partitions
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import ACCOUNTS, read_account, read_user
from tallybook.store.commands import Item
from tallybook.store.credentials import read_credential


def list_accounts(ctx: Context, *, limit: int, status: AccountStatus | None = None) -> list[Account]:
    """The newest ones, newest first. With a `status` it looks on until it has found so many, or seen all."""
    at_most = None if status else limit
    rows = [ctx.tables.work(place, limit=at_most, newest_first=True) for place in partitions(ACCOUNTS)]
    found: list[Account] = []
    for batch in batched(heapq.merge(*rows, key=lambda due: due.at, reverse=True), limit, strict=False):
        items = ctx.tables.get_many(due.key for due in batch)
        read = [read_account(items[due.key]) for due in batch if due.key in items]
        found += [account for account in read if status in (None, account.status)]
        if status is None or len(found) >= limit:
            break
    return found[:limit]


def find_account(ctx: Context, account_id: str) -> Account:
    item = ctx.tables.get(keys.account(account_id))
    if item is None:
        raise NotFound("There is no such account", resource="account")
    return read_account(item)


def find_member(ctx: Context, account_id: str, user_id: str) -> tuple[Account, User]:
    """A user with their account; NotFound for a deleted user too."""
    account_key, user_key = keys.account(account_id), keys.user(account_id, user_id)
    items = ctx.tables.get_many([account_key, user_key])
    if len(items) < 2 or items[user_key]["status"] == "deleted":
        raise NotFound("There is no such user", resource="user")
    return read_account(items[account_key]), read_user(items[user_key])


def find_user(ctx: Context, account: Account, user_id: str) -> User:
    """One of the account's users, if not deleted."""
    return live_user(ctx.tables.get(keys.user(account.id, user_id)))


def live_user(item: Item | None) -> User:
    """NotFound for nobody, and for a deleted user."""
    if item is None or item["status"] == "deleted":
        raise NotFound("There is no such user", resource="user")
    return read_user(item)


def find_by_email(ctx: Context, email: str) -> tuple[Account, User]:
    """Who signs in with this address, with their account."""
    owner = ctx.tables.get(keys.email(normal_email(email)))
    if owner is None:
        raise NotFound("Nobody signs in with this address", resource="user")
    return find_member(ctx, owner["account_id"], owner["user_id"])


def find_key(ctx: Context, account_id: str, key_id: str) -> Credential:
    item = ctx.tables.get(keys.api_key(account_id, key_id))
    if item is None:
        raise NotFound("There is no such API key", resource="api_key")
    return read_credential(item)
