"""What a migration converts in each account: the items whose old shape a later release will no longer read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tallybook.store import keys
from tallybook.store.accounts import account_item, read_account
from tallybook.store.commands import Item, Update
from tallybook.store.conversions import email_change_keys, expire_email_change, set_welcome, welcome_keys
from tallybook.store.keys import Key
from tallybook.store.rewriting import rewrite


class Conversion(NamedTuple):
    """`keys` are the items of an account that `convert` needs; each of its updates holds only if its item is as read.

    `convert` is pure, and returns nothing for items that are converted.
    """

    keys: Callable[[str], Iterable[Key]]
    convert: Callable[[Mapping[Key, Item]], Sequence[Update]]


def _account(account_id: str) -> list[Key]:
    return [keys.account(account_id)]


def _rewrite_accounts(items: Mapping[Key, Item]) -> list[Update]:
    """Accounts of earlier releases lack attributes, for which the reader has a default."""
    updates = (rewrite(key, item, account_item(read_account(item))) for key, item in items.items())
    return [update for update in updates if update]


CONVERSIONS: Sequence[Conversion] = (
    Conversion(_account, _rewrite_accounts),
    Conversion(welcome_keys, set_welcome),
    Conversion(email_change_keys, expire_email_change),
)
