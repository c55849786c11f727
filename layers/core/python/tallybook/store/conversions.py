"""Conversions of an account's items of earlier releases, for `tallybook migrate`.

The readers read those items as they are. Each conversion is pure, and returns nothing for items that are converted; its
updates raise WriteConflict if the item was changed meanwhile.
"""

from collections.abc import Mapping

from boto3.dynamodb.conditions import Attr

from tallybook.domain.email_change import KEPT
from tallybook.domain.times import parse_instant
from tallybook.store import keys
from tallybook.store.commands import Item, Update
from tallybook.store.keys import Key


def email_change_keys(account_id: str) -> list[Key]:
    return [keys.email_change(account_id)]


def expire_email_change(items: Mapping[Key, Item]) -> list[Update]:
    """Give a request to change the email its expiry. Without one, as in format 1, both addresses would stay."""
    return [
        Update(
            key,
            set={"expires": int((parse_instant(item["requested_at"]) + KEPT).timestamp())},
            condition=Attr("id").eq(item["id"]) & Attr("expires").not_exists(),
        )
        for key, item in items.items()
        if key.sk == keys.email_change("").sk and "expires" not in item
    ]


def welcome_keys(account_id: str) -> list[Key]:
    return [keys.account(account_id), keys.ledger_entry(account_id, 1)]


def set_welcome(items: Mapping[Key, Item]) -> list[Update]:
    """Store the welcome credit with the account; in format 1, only the ledger's first entry has it."""
    accounts = [(key, item) for key, item in items.items() if key.sk == keys.account("").sk and "welcome" not in item]
    first = [item for key, item in items.items() if key.sk == keys.ledger_entry("", 1).sk]
    welcome = sum(int(entry["amount"]) for entry in first if entry["kind"] == "welcome")
    return [Update(key, set={"welcome": welcome}, condition=Attr("welcome").not_exists()) for key, _ in accounts]
