"""Invoices, every hour: the schedule's call puts what is due on the queue, a message a task, and is its worker too.

A task that stands there twice is done once. One that fails comes back, and after five tries stands in the dead-letter
queue, where an operator sees it; until it is done, each hour finds it again.
"""

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from tallybook import runtime
from tallybook.services.run_invoicing import carry_out, enqueue_due, read_message

logger = Logger()
metrics = Metrics(namespace="Tallybook")
_ANSWER_SECONDS = 15.0  # for the call or task under way when time runs out
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class OutOfTime(Exception):
    """The batch's time is nearly up: the message comes back."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages of the queue, or `{"job": "invoicing"}`, which answers how many tasks of each kind were found."""
    return _work_off(event, context) if "Records" in event else _enqueue(context)


def _enqueue(context: Any) -> dict[str, int]:
    ctx = runtime.context()
    counts = enqueue_due(ctx, _send, deadline=ctx.elapsed() + _seconds_left(context))
    (logger.warning if counts["left"] or counts["late"] else logger.info)("invoicing", extra={"tasks": dict(counts)})
    if counts["late"]:
        metrics.add_dimension(name="stage", value=os.environ["TALLYBOOK_STAGE"])
        metrics.add_metric(name="InvoicingLate", unit=MetricUnit.Count, value=counts["late"])
        metrics.flush_metrics()
    return {name: count for name, count in counts.items() if count}


def _send(messages: Sequence[str]) -> list[str]:
    refused = runtime.queue().send(messages)
    if refused:
        logger.warning("not enqueued", extra={"messages": len(refused), "reasons": sorted(set(refused))})
    return refused


def _work_off(event: dict[str, Any], context: Any) -> dict[str, Any]:
    invoices: Counter[str] = Counter()

    def take(record: SQSRecord) -> None:
        if _seconds_left(context) <= 0:
            raise OutOfTime
        task = read_message(record.body)
        try:
            invoices.update(invoice.status for invoice in carry_out(runtime.context(), task))
        except Exception:
            logger.exception("task failed", extra={"message_id": record.message_id, "account_id": task.account_id})
            raise

    answer = process_partial_response(event=event, record_handler=take, processor=_processor, context=context)
    failed = len(answer["batchItemFailures"])
    logger.info("batch", extra={"messages": len(event["Records"]), "failed": failed, "invoices": dict(invoices)})
    return dict(answer)


def _seconds_left(context: Any) -> float:
    return float(context.get_remaining_time_in_millis() / 1000 - _ANSWER_SECONDS)


runtime.prepare()
