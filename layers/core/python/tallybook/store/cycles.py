"""Billing cycles: a part of the account, and an item of their own in the index, due when the period may be closed."""

from collections.abc import Mapping
from typing import Any

from tallybook.domain.accounts import Account
from tallybook.domain.cycle import Cycle
from tallybook.domain.jobs import partition
from tallybook.domain.periods import Period
from tallybook.domain.times import parse_instant, stamp
from tallybook.store import keys
from tallybook.store.commands import Command, Item, Put, Update

CLOSING = "closing"


def cycle_item(cycle: Cycle) -> Item:
    """As the account holds it."""
    period = cycle.period
    return {"start": stamp(period.start), "end": stamp(period.end), "zone": period.zone, "carried": cycle.carried}


def read_cycle(item: Mapping[str, Any]) -> Cycle:
    period = Period(parse_instant(item["start"]), parse_instant(item["end"]), item["zone"])
    return Cycle(period, int(item["carried"]))


def put_closing(account_id: str, cycle: Cycle) -> Put:
    """When the account's oldest open period may be closed, in place of what was due before."""
    return Put(
        keys.closing(account_id),
        {"work": partition(CLOSING, account_id), "due": stamp(cycle.closes_at)},
        condition=None,
    )


def move_cycle(account: Account, to: Cycle) -> tuple[Command, ...]:
    """On to the next period, in a transaction in which nobody else's change of the account comes between."""
    return carry(account, to), put_closing(account.id, to)


def carry(account: Account, cycle: Cycle) -> Update:
    """The cycle as it is now: the same period with another credit, or the next one."""
    return Update(keys.account(account.id), set={"cycle": cycle_item(cycle)})
