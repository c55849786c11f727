"""The handler of a queued job: a scheduled call puts each due task on the queue; each message of the queue is a task.

A task that is on the queue twice is done once. SQS sends a failed task again; after five attempts it moves to the
dead-letter queue. Each scheduled call finds the task again until it is done. So a task that this code doesn't know is
taken off the queue: the release that knows it finds its work in the index.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """Too little time is left for another task. SQS sends its message again."""


class QueuedJob:
    """The handler of a job's function. `run_task` does a task, and returns a word for each effect, which is logged."""

    def __init__(self, job: Job, run_task: Callable[[Context, Task], Iterable[str]]) -> None:
        self._job = job
        self._run_task = run_task
        self._metrics = Metrics(namespace="Tallybook")
        self._processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Handle messages of the queue; or `{"job": …}`, and return the number of tasks by kind."""
        logger.append_keys(request_id=context.aws_request_id)
        return self._run_tasks(event, context) if "Records" in event else self._enqueue(context)

    def _enqueue(self, context: Any) -> dict[str, int]:
        ctx = runtime.context()
        counts = enqueue_due(ctx, self._job, self._send, deadline=ctx.elapsed() + runtime.seconds_left(context))
        log = logger.warning if counts["left"] or counts["late"] else logger.info
        log(self._job.name, extra={"tasks": dict(counts)})
        self._emit({f"{camel_case(self._job.name)}Late": counts["late"], "InvoicesNotIssued": counts["not_issued"]})
        return {name: count for name, count in counts.items() if count}

    def _emit(self, figures: Mapping[str, int]) -> None:
        """The figures that are not 0, so that an idle stage pays for no metric."""
        if not any(figures.values()):
            return
        self._metrics.add_dimension(name="stage", value=os.environ["TALLYBOOK_STAGE"])
        for name, value in figures.items():
            if value:
                self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
        self._metrics.flush_metrics()

    def _send(self, messages: Sequence[str]) -> list[str]:
        refused = runtime.queue().send(messages)
        if refused:
            logger.warning("not enqueued", extra={"messages": len(refused), "reasons": sorted(set(refused))})
        return refused

    def _run_tasks(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        done: Counter[str] = Counter()

        def run(record: SQSRecord) -> None:
            if runtime.seconds_left(context) <= 0:
                raise OutOfTime
            task = read_message(record.body)
            if task is None:
                logger.warning("task of another release", extra={"message_id": record.message_id})
                return
            try:
                done.update(self._run_task(runtime.context(), task))
            except Exception:
                ids = {"account_id": task.account_id, "session_id": task.session_id}
                logger.exception("task failed", extra={"message_id": record.message_id, **ids})
                raise

        answer = process_partial_response(event=event, record_handler=run, processor=self._processor, context=context)
        failed = len(answer["batchItemFailures"])
        logger.info("batch", extra={"messages": len(event["Records"]), "failed": failed, "done": dict(done)})
        return dict(answer)
