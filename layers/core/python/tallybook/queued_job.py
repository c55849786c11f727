"""A job that works from a queue: the schedule's call puts what is due on it, a message a task, and is its worker too.

A task that stands there twice is done once. One that fails comes back, and after five tries stands in the dead-letter
queue, where an operator sees it; until it is done, each call of the schedule finds it again.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from tallybook import runtime
from tallybook.domain.jobs import Job, camel_case
from tallybook.services.context import Context
from tallybook.services.jobs.due_tasks import Task, enqueue_due, read_message

logger = Logger()


class OutOfTime(Exception):
    """The batch's time is nearly up: the message comes back."""


class QueuedJob:
    """The handler of a job's function. `carry_out` does a task and says in a word each what came of it, for the log."""

    def __init__(self, job: Job, run_task: Callable[[Context, Task], Iterable[str]]) -> None:
        self._job = job
        self._carry_out = run_task
        self._metrics = Metrics(namespace="Tallybook")
        self._processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Messages of the queue, or `{"job": …}`, which answers how many tasks of each kind were found."""
        return self._work_off(event, context) if "Records" in event else self._enqueue(context)

    def _enqueue(self, context: Any) -> dict[str, int]:
        ctx = runtime.context()
        counts = enqueue_due(ctx, self._job, self._send, deadline=ctx.elapsed() + runtime.seconds_left(context))
        log = logger.warning if counts["left"] or counts["late"] else logger.info
        log(self._job.name, extra={"tasks": dict(counts)})
        if counts["late"]:
            self._metrics.add_dimension(name="stage", value=os.environ["TALLYBOOK_STAGE"])
            name = f"{camel_case(self._job.name)}Late"
            self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=counts["late"])
            self._metrics.flush_metrics()
        return {name: count for name, count in counts.items() if count}

    def _send(self, messages: Sequence[str]) -> list[str]:
        refused = runtime.queue().send(messages)
        if refused:
            logger.warning("not enqueued", extra={"messages": len(refused), "reasons": sorted(set(refused))})
        return refused

    def _work_off(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        done: Counter[str] = Counter()

        def take(record: SQSRecord) -> None:
            if runtime.seconds_left(context) <= 0:
                raise OutOfTime
            task = read_message(record.body)
            try:
                done.update(self._carry_out(runtime.context(), task))
            except Exception:
                named = {"account_id": task.account_id, "session_id": task.session_id}
                logger.exception("task failed", extra={"message_id": record.message_id, **named})
                raise

        answer = process_partial_response(event=event, record_handler=take, processor=self._processor, context=context)
        failed = len(answer["batchItemFailures"])
        logger.info("batch", extra={"messages": len(event["Records"]), "failed": failed, "done": dict(done)})
        return dict(answer)
