"""Billing cycles: a part of the account, and an item of their own in the index, due when the period may be closed."""

from collections.abc import Mapping
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.jobs import partition
from tallybook.domain.periods import Period
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Command, Item, Put, Update

CLOSING = "closing"


def closing_cursor_item(closing_cursor: ClosingCursor) -> Item:
    """As the account holds it."""
    period = closing_cursor.period
    return {
        "start": stamp(period.start),
        "end": stamp(period.end),
        "zone": period.zone,
        "carried": closing_cursor.carried_credit,
    }


def read_closing_cursor(item: Mapping[str, Any]) -> ClosingCursor:
    period = Period(parse_instant(item["start"]), parse_instant(item["end"]), item["zone"])
    return ClosingCursor(period, int(item["carried"]))


def put_closing(account_id: str, closing_cursor: ClosingCursor) -> Put:
    """When the account's oldest open period may be closed, in place of what was due before."""
    return Put(
        keys.closing(account_id),
        {"work": partition(CLOSING, account_id), "due": stamp(closing_cursor.closes_at)},
        condition=None,
    )


def move_closing_cursor(account: Account, to: ClosingCursor) -> tuple[Command, ...]:
    """On to the next period, in a transaction in which nobody else's change of the account comes between."""
    return set_closing_cursor(account, to), put_closing(account.id, to)


def set_closing_cursor(account: Account, closing_cursor: ClosingCursor) -> Update:
    """The cycle as it is now: the same period with another credit, or the next one."""
    return Update(keys.account(account.id), set={"cycle": closing_cursor_item(closing_cursor)})
