"""The hourly work on invoices: periods to close, and open invoices past their due date.

The schedule's call puts each on a queue; an operator may do them all at once.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.errors import Failed
from tallybook.domain.invoices import Invoice
from tallybook.services.billing.close_period import close_due
from tallybook.services.billing.mark_overdue import mark_overdue
from tallybook.services.context import Context
from tallybook.services.jobs.due_tasks import Task


@dataclass(frozen=True, slots=True)
class Done:
    """What a task came to: the invoices that it issued or changed, or what kept it from its end."""

    task: Task
    invoices: tuple[Invoice, ...] = ()
    failure: Exception | None = None


def run_task(ctx: Context, task: Task, *, actor: Actor = INVOICING) -> list[Invoice]:
    """Do it, and say which invoices were issued or changed: none where it was done before."""
    match task:
        case Task("close", account_id):
            return close_due(ctx, account_id, actor=actor)
        case Task("overdue", account_id, int(position)):
            overdue = mark_overdue(ctx, account_id, position, actor=actor)
            return [] if overdue is None else [overdue]
    raise Failed(f"{task.kind} is no task of invoicing")


def carry_out_all(ctx: Context, tasks: Iterable[Task], *, actor: Actor) -> Iterator[Done]:
    """Do them, some at a time; each is told of once it has ended. One that fails keeps no other from being done."""

    def attempt(task: Task) -> Done:
        try:
            return Done(task, tuple(run_task(ctx, task, actor=actor)))
        except Exception as failure:
            return Done(task, failure=failure)

    with ThreadPoolExecutor(ctx.workers) as pool:
        yield from pool.map(attempt, tasks)
