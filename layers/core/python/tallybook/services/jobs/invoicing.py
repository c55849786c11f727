"""The hourly work on invoices: closing periods that have ended, paying what the balance can, marking overdue."""

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
class TaskResult:
    """The invoices that a task issued or changed, or the error that ended it."""

    task: Task
    invoices: tuple[Invoice, ...] = ()
    failure: Exception | None = None


def run_task(ctx: Context, task: Task, *, actor: Actor = INVOICING) -> list[Invoice]:
    """Do the task; returns the invoices that it issued or changed, none if it was done before."""
    match task:
        case Task("close", account_id):
            return close_due(ctx, account_id, actor=actor)
        case Task("overdue", account_id, int(position)):
            return mark_overdue(ctx, account_id, position, actor=actor)
    raise Failed(f"{task.kind} is no task of invoicing")


def run_tasks(ctx: Context, tasks: Iterable[Task], *, actor: Actor) -> Iterator[TaskResult]:
    """Do the tasks in parallel, and yield each result in the order of the tasks. A failure does not stop the others."""

    def attempt(task: Task) -> TaskResult:
        try:
            return TaskResult(task, tuple(run_task(ctx, task, actor=actor)))
        except Exception as failure:
            return TaskResult(task, failure=failure)

    with ThreadPoolExecutor(ctx.workers) as pool:
        yield from pool.map(attempt, tasks)
