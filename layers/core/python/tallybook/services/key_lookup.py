"""Finds and lists API keys. The jobs look up accounts and users, and load nothing of keys."""

from tallybook.domain.credentials import Credential
from tallybook.domain.errors import NotFound
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.credentials import read_credential


def find_key(ctx: Context, account_id: str, key_id: str) -> Credential:
    item = ctx.tables.get(keys.api_key(account_id, key_id))
    if item is None:
        raise NotFound("There is no such API key", resource="api_key")
    return read_credential(item)


def all_keys(ctx: Context, account_id: str, *, consistent: bool = True) -> list[Credential]:
    """The account's API keys, oldest first, at most 1,000."""
    pk = keys.account(account_id).pk
    items = ctx.tables.query("core", pk, start=keys.API_KEYS, end=f"{keys.API_KEYS}~", consistent=consistent)
    return [read_credential(item) for item in items]
