"""The hourly invoicing job: close periods that have ended, and mark open invoices overdue."""

from tallybook import runtime
from tallybook.domain.jobs import INVOICES
from tallybook.queued_job import QueuedJob
from tallybook.services.context import Context
from tallybook.services.jobs.due_tasks import Task
from tallybook.services.jobs.invoicing import run_task


def _invoice_statuses(ctx: Context, task: Task) -> list[str]:
    return [invoice.status for invoice in run_task(ctx, task)]


handler = QueuedJob(INVOICES, _invoice_statuses)
runtime.prepare()
