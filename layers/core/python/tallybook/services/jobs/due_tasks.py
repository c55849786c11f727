"""The due tasks of a queued job: found in the index of due work, put on the job's queue, read from it.

A task is found again until it is done. Doing it twice has the effect of doing it once.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Literal

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.jobs import Job, partitions
from tallybook.domain.times import parse_instant, stamp
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.table import Due

logger = logging.getLogger(__name__)

type TaskKind = Literal["close", "overdue", "check", "budget", "expire"]

_KIND_OF_WORK: Mapping[str, TaskKind] = {
    "closing": "close",
    "overdue": "overdue",
    "dirty": "check",
    "budget": "budget",
    "running": "expire",
}
_KINDS = frozenset(_KIND_OF_WORK.values())
_FIELDS = frozenset({"kind", "account_id", "position", "session_id"})
_MESSAGES_A_CALL = 10

ISSUED_WITHIN = timedelta(hours=2)
"""A period has its invoice so soon after its end, with one attempt to spare; closing is due at the end of the grace."""


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of due work of an account.

    `close`: its ended periods; `overdue`: its invoice at `position`; `check`: its usage that no check has seen;
    `budget`: its budget; `expire`: the session `session_id`, whose time is up.
    """

    kind: TaskKind
    account_id: str
    position: int | None = None
    session_id: str | None = None
    due: datetime | None = field(default=None, compare=False)


def due_tasks(ctx: Context, job: Job) -> Iterator[Task]:
    """All tasks that are due now; within each partition of the index, the longest due first."""
    now = stamp(ctx.clock.now())
    for work in job.work:
        kind = _KIND_OF_WORK[work]
        for partition in partitions(work):
            for due in ctx.tables.query_due(partition, until=now):
                if task := _task_if_readable(kind, due):
                    yield task


def enqueue_due(
    ctx: Context, job: Job, send: Callable[[Sequence[str]], Sequence[str]], *, deadline: float
) -> Counter[str]:
    """Put the due tasks on the queue, until the deadline of `ctx.elapsed`.

    `send` takes up to ten messages and returns those that the queue refused. Returns the number of tasks by
    kind, of `late` tasks, of periods `not_issued`, and of tasks `left` for the next call: the refused ones, and at
    least one at the deadline.
    """
    counts: Counter[str] = Counter()
    now = ctx.clock.now()
    for tasks in batched(due_tasks(ctx, job), _MESSAGES_A_CALL, strict=False):
        if ctx.elapsed() >= deadline:
            counts["left"] += 1
            break
        counts.update(task.kind for task in tasks)
        counts["late"] += sum(task.due is not None and now - task.due > late_after(job) for task in tasks)
        counts.update("not_issued" for task in tasks if _is_not_issued(task, now))
        counts["left"] += len(send([as_message(task) for task in tasks]))
    return counts


def late_after(job: Job) -> timedelta:
    """The time after which a due task is late: the previous call has found it, and it is still not done."""
    return job.every + timedelta(minutes=5)


def _is_not_issued(task: Task, now: datetime) -> bool:
    """Whether the task is to close a period that should have its invoice by now."""
    return task.kind == "close" and task.due is not None and now - task.due > ISSUED_WITHIN - GRACE


def as_message(task: Task) -> str:
    """The task as a message of the queue: JSON without its empty fields."""
    fields = {"account_id": task.account_id, "position": task.position, "session_id": task.session_id}
    return json.dumps({"kind": task.kind, **{name: value for name, value in fields.items() if value is not None}})


def read_message(text: str) -> Task | None:
    """The task of a message; None for a task of another release, of a kind or with fields that this code doesn't know.

    The index has the work of such a task until the release that knows it does it. ValueError or TypeError for a text
    that is no task.
    """
    fields = json.loads(text)
    if isinstance(fields, dict) and "kind" in fields and (fields["kind"] not in _KINDS or fields.keys() - _FIELDS):
        return None
    return Task(**fields)


def _task_if_readable(kind: TaskKind, due: Due) -> Task | None:
    """None, and logged, if the entry is malformed, so that it does not stop the tasks of other accounts."""
    try:
        return _task(kind, due)
    except ValueError:
        logger.exception("the due work %s %s can't be read", due.key.pk, due.key.sk)
        return None


def _task(kind: TaskKind, due: Due) -> Task:
    account_id, at = due.key.pk.partition("#")[2], parse_instant(due.at)
    match kind:
        case "overdue":
            return Task(kind, account_id, position=int(due.key.sk.removeprefix(keys.INVOICES)), due=at)
        case "expire":
            return Task(kind, account_id, session_id=due.key.sk.rpartition("#")[2], due=at)
    return Task(kind, account_id, due=at)
