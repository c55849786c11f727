"""The hourly work on invoices: periods to close, and open invoices past their due date, each found in the index.

A task is found again until it is done, and doing it twice does it once. The schedule's call puts each on a queue; an
operator may do them all at once.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Literal

from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.invoices import Invoice
from tallybook.domain.jobs import INVOICES
from tallybook.domain.times import parse_instant, stamp
from tallybook.services.close_period import close_due
from tallybook.services.context import Context
from tallybook.services.mark_overdue import mark_overdue
from tallybook.store import keys
from tallybook.store.table import Due

LATE = INVOICES.every + timedelta(minutes=5)
"""What has been due for so long was found by the call before, and is not done."""

_A_CALL = 10


@dataclass(frozen=True, slots=True)
class Task:
    """What is due for an account: its ended periods to close, or its invoice at a position that has become overdue."""

    kind: Literal["close", "overdue"]
    account_id: str
    position: int | None = None
    due: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Done:
    """What a task came to: the invoices that it issued or changed, or what kept it from its end."""

    task: Task
    invoices: tuple[Invoice, ...] = ()
    failure: Exception | None = None


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


def carry_out_all(ctx: Context, tasks: Iterable[Task], *, actor: Actor) -> Iterator[Done]:
    """Do them, some at a time; each is told of once it has ended. One that fails keeps no other from being done."""

    def attempt(task: Task) -> Done:
        try:
            return Done(task, tuple(carry_out(ctx, task, actor=actor)))
        except Exception as failure:
            return Done(task, failure=failure)

    with ThreadPoolExecutor(ctx.workers) as pool:
        yield from pool.map(attempt, tasks)


def enqueue_due(ctx: Context, send: Callable[[Sequence[str]], Sequence[str]], *, deadline: float) -> Counter[str]:
    """Put what is due on the queue by `send`, ten a call, until the deadline of `ctx.elapsed`.

    Counts tasks by kind, those `late`, and those `left` for the next call: what `send` says was not taken, and at the
    deadline at least one.
    """
    counts: Counter[str] = Counter()
    now = ctx.clock.now()
    for tasks in batched(due_tasks(ctx), _A_CALL, strict=False):
        if ctx.elapsed() >= deadline:
            counts["left"] += 1
            break
        counts.update(task.kind for task in tasks)
        counts["late"] += sum(task.due is not None and now - task.due > LATE for task in tasks)
        counts["left"] += len(send([as_message(task) for task in tasks]))
    return counts


def as_message(task: Task) -> str:
    """The task as it stands on the queue."""
    return json.dumps({"kind": task.kind, "account_id": task.account_id, "position": task.position})


def read_message(text: str) -> Task:
    return Task(**json.loads(text))


def _task(due: Due) -> Task:
    account_id, at = due.key.pk.partition("#")[2], parse_instant(due.at)
    if due.key == keys.closing(account_id):
        return Task("close", account_id, due=at)
    return Task("overdue", account_id, int(due.key.sk.removeprefix(keys.INVOICES)), due=at)
