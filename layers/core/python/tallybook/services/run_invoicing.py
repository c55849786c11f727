"""The hourly work on invoices: periods to close, and open invoices past their due date, each found in the index.

A task is found again until it is done, and doing it twice does it once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import INVOICES
from tallybook.domain.times import stamp
from tallybook.services.close_period import close_due
from tallybook.services.context import Context
from tallybook.services.mark_overdue import mark_overdue
from tallybook.store import keys
from tallybook.store.table import Due


@dataclass(frozen=True, slots=True)
class Task:
    """What is due for an account: its ended periods to close, or its invoice at a position that has become overdue."""

    kind: Literal["close", "overdue"]
    account_id: str
    position: int | None = None


def due_tasks(ctx: Context) -> Iterator[Task]:
    """All that is due now, longest due first within each partition of the index."""
    now = stamp(ctx.clock.now())
    for place in INVOICES.partitions():
        for due in ctx.tables.work(place, until=now):
            yield _task(due)


def carry_out(ctx: Context, task: Task, *, actor: Actor = INVOICING) -> list[Invoice]:
    """Do it, and say which invoices were issued or changed: none where it was done before."""
    if task.position is None:
        return close_due(ctx, task.account_id, actor=actor)
    overdue = mark_overdue(ctx, task.account_id, task.position, actor=actor)
    return [] if overdue is None else [overdue]


def _task(due: Due) -> Task:
    account_id = due.key.pk.partition("#")[2]
    if due.key == keys.closing(account_id):
        return Task("close", account_id)
    return Task("overdue", account_id, int(due.key.sk.removeprefix(keys.INVOICES)))
