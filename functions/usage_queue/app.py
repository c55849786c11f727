"""Usage events from the queue: the same service as over HTTP, message by message.

A message is done once each of its events is counted, now or before. One that holds anything else comes back, and
after five tries stands in the dead-letter queue, where an operator sees it: nothing is dropped silently.
"""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from tallybook import runtime
from tallybook.services.metering.ingest import RETRY_SECONDS, account_keys, record_usage
from tallybook.wire.requests.cloudevents import read_events

logger = Logger()
_ANSWER_SECONDS = 10.0  # for the call under way when patience ends, and to say which messages failed
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class NotCounted(Exception):
    """Some event of the message was neither counted now nor before."""


def _count(record: SQSRecord, lambda_context: Any) -> None:
    left = lambda_context.get_remaining_time_in_millis() / 1000 - _ANSWER_SECONDS
    ctx = runtime.context()
    submitted = read_events(record.body)
    accounts = ctx.tables.get_many(account_keys(submitted))
    results = record_usage(ctx, submitted, accounts, backoff=min(RETRY_SECONDS, left))
    refused = [result for result in results if result.status not in ("accepted", "duplicate")]
    if refused:
        reasons = sorted({result.reason or result.status for result in refused})
        logger.warning("usage refused", extra={"message_id": record.message_id, "reasons": reasons})
        raise NotCounted(", ".join(reasons))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    answer = process_partial_response(event=event, record_handler=_count, processor=_processor, context=context)
    failed = len(answer["batchItemFailures"])
    logger.info("batch", extra={"messages": len(event["Records"]), "failed": failed})
    return dict(answer)


runtime.prepare()
