"""Closing cursors: part of the account's item, and an item in the index `work`, due when the period may be closed."""

from collections.abc import Mapping
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.jobs import partition
from tallybook.domain.times import stamp
from tallybook.store import keys
from tallybook.store.commands import Command, Item, Put, Update
from tallybook.store.schedules import period_item, read_period

CLOSING = "closing"


def closing_cursor_item(closing_cursor: ClosingCursor) -> Item:
    """The account's attribute `cycle`."""
    return {**period_item(closing_cursor.period), "carried": closing_cursor.carried_credit}


def read_closing_cursor(item: Mapping[str, Any]) -> ClosingCursor:
    return ClosingCursor(read_period(item), carried_credit=int(item["carried"]))


def put_closing(account_id: str, closing_cursor: ClosingCursor) -> Put:
    """The item in `work`; it replaces that of the period before."""
    return Put(
        keys.closing(account_id),
        {"work": partition(CLOSING, account_id), "due": stamp(closing_cursor.closes_at)},
        condition=None,
    )


def move_closing_cursor(account: Account, to: ClosingCursor) -> tuple[Command, ...]:
    """Move the cursor to the next period. The transaction must check that the account is as read."""
    return set_closing_cursor(account, to), put_closing(account.id, to)


def set_closing_cursor(account: Account, closing_cursor: ClosingCursor) -> Update:
    return Update(keys.account(account.id), set={"cycle": closing_cursor_item(closing_cursor)})
