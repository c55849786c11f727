"""What is due of a job that works from a queue, found in the index, and put on its queue by the schedule's call.

A task is found again until it is done, and doing it twice does it once.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Literal

from tallybook.domain.jobs import Job
from tallybook.domain.times import parse_instant, stamp
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.table import Due

_A_CALL = 10


@dataclass(frozen=True, slots=True)
class Task:
    """What is due for an account: its ended periods to close, its invoice at a position that has become overdue, its
    usage or its budget to be looked at, or its session whose time is up.
    """

    kind: Literal["close", "overdue", "check", "budget", "expire"]
    account_id: str
    position: int | None = None
    session_id: str | None = None
    due: datetime | None = field(default=None, compare=False)


def late_after(job: Job) -> timedelta:
    """What has been due for so long was found by the call before, and is not done."""
    return job.every + timedelta(minutes=5)


def due_tasks(ctx: Context, job: Job) -> Iterator[Task]:
    """All that is due now, longest due first within each partition of the index."""
    now = stamp(ctx.clock.now())
    for place in job.partitions():
        for due in ctx.tables.work(place, until=now):
            yield _task(due)


def enqueue_due(
    ctx: Context, job: Job, send: Callable[[Sequence[str]], Sequence[str]], *, deadline: float
) -> Counter[str]:
    """Put what is due on the queue by `send`, ten a call, until the deadline of `ctx.elapsed`.

    Counts tasks by kind, those `late`, and those `left` for the next call: what `send` says was not taken, and at the
    deadline at least one.
    """
    counts: Counter[str] = Counter()
    now = ctx.clock.now()
    for tasks in batched(due_tasks(ctx, job), _A_CALL, strict=False):
        if ctx.elapsed() >= deadline:
            counts["left"] += 1
            break
        counts.update(task.kind for task in tasks)
        counts["late"] += sum(task.due is not None and now - task.due > late_after(job) for task in tasks)
        counts["left"] += len(send([as_message(task) for task in tasks]))
    return counts


def as_message(task: Task) -> str:
    """The task as it stands on the queue."""
    named = {"account_id": task.account_id, "position": task.position, "session_id": task.session_id}
    return json.dumps({"kind": task.kind, **{name: value for name, value in named.items() if value is not None}})


def read_message(text: str) -> Task:
    return Task(**json.loads(text))


def _task(due: Due) -> Task:
    account_id, at = due.key.pk.partition("#")[2], parse_instant(due.at)
    if due.key == keys.closing(account_id):
        return Task("close", account_id, due=at)
    if due.key == keys.dirty(account_id):
        return Task("check", account_id, due=at)
    if due.key == keys.budget(account_id):
        return Task("budget", account_id, due=at)
    if due.key.sk.startswith(keys.RUNS):
        return Task("expire", account_id, session_id=due.key.sk.rpartition("#")[2], due=at)
    return Task("overdue", account_id, int(due.key.sk.removeprefix(keys.INVOICES)), due=at)
