"""The ledger: numbered entries, and an item for each cause, so that one cause moves the balance once."""

from dataclasses import replace

from boto3.dynamodb.conditions import Attr

from tallybook.domain.accounts import Account
from tallybook.domain.times import parse_instant, stamp
from tallybook.domain.wallet import Entry
from tallybook.store import keys
from tallybook.store.commands import Command, Item, Put, Update
from tallybook.store.table import Tables


def number_entry(account: Account, entry: Entry) -> Entry:
    """The entry with the account's next number, and the balance after it."""
    return replace(entry, number=account.wallet.entry_count + 1, balance_after=account.wallet.balance + entry.amount)


def after_entry(account: Account, entry: Entry) -> Account:
    """The account after this numbered entry."""
    wallet = account.wallet._replace(balance=entry.balance_after, entry_count=entry.number)
    return replace(account, wallet=wallet)


def put_entry(entry: Entry) -> tuple[Put, Put]:
    """A numbered entry and its cause; WriteConflict if either exists."""
    item = {
        "id": entry.id,
        "account_id": entry.account_id,
        "kind": entry.kind,
        "amount": entry.amount,
        "cause": entry.cause,
        "created_at": stamp(entry.created_at),
        "number": entry.number,
        "balance_after": entry.balance_after,
        "note": entry.note,
    }
    return (
        Put(keys.ledger_entry(entry.account_id, entry.number), item),
        Put(keys.ledger_cause(entry.account_id, entry.id), {"number": entry.number}),
    )


def post(account: Account, *entries: Entry) -> tuple[Command, ...]:
    """Write the entries, in this order, and change the balance once; none for no entries.

    WriteConflict if another entry was written since the account was read.
    """
    if not entries:
        return ()
    numbered: list[Entry] = []
    after = account
    for entry in entries:
        numbered.append(number_entry(after, entry))
        after = after_entry(after, numbered[-1])
    move = Update(
        keys.account(account.id),
        set={"entries": after.wallet.entry_count},
        add={"balance": after.wallet.balance - account.wallet.balance},
        condition=Attr("entries").eq(account.wallet.entry_count) & Attr("status").ne("deleted"),
    )
    return (move, *(put for entry in numbered for put in put_entry(entry)))


def read_welcome(tables: Tables, account: Account) -> int:
    """The welcome credit in micros, from the ledger: it is always the first entry."""
    item = tables.get(keys.ledger_entry(account.id, 1)) if account.wallet.entry_count else None
    return int(item["amount"]) if item and item["kind"] == "welcome" else 0


def read_entry(item: Item) -> Entry:
    return Entry(
        id=item["id"],
        account_id=item["account_id"],
        kind=item["kind"],
        amount=int(item["amount"]),
        cause=item["cause"],
        created_at=parse_instant(item["created_at"]),
        number=int(item["number"]),
        balance_after=int(item["balance_after"]),
        note=item.get("note"),
    )
