"""Count usage events from the queue, with the same service as those sent over HTTP.

A message is done if each of its events is counted, now or before. SQS sends any other message again, after a pause that
depends on why it failed; after 15 receives it moves to the dead-letter queue, so that nothing is dropped silently.
"""

import random
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from tallybook import runtime
from tallybook.domain.errors import Unavailable
from tallybook.domain.redelivery import seconds_until_next
from tallybook.services.metering.ingest import RETRY_SECONDS, account_keys, record_usage
from tallybook.services.metering.ingest_account import RETRY
from tallybook.wire.requests.cloudevents import read_events

logger = Logger()
RESPONSE_SECONDS = 12.0  # to finish the call to DynamoDB under way (8), and to postpone the failed messages (4)
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class MessageNotCounted(Exception):
    """An event of the message was not counted. SQS sends the message again."""


class MessageBusy(MessageNotCounted):
    """Nothing is wrong with the message: the tables were busy or out of reach, or there was no time left for it."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    logger.append_keys(request_id=context.aws_request_id)
    pauses: list[tuple[str, int]] = []

    def count_or_postpone(record: SQSRecord) -> None:
        try:
            _record_message(record, context)
        except Exception as failure:
            is_busy = isinstance(failure, (MessageBusy, Unavailable))
            received = int(record.attributes.approximate_receive_count)
            jitter = random.random()  # noqa: S311 only jitter
            pauses.append((record.receipt_handle, seconds_until_next(received, is_busy=is_busy, jitter=jitter)))
            raise

    response = process_partial_response(
        event=event, record_handler=count_or_postpone, processor=_processor, context=context
    )
    if pauses and (refused := runtime.queue().postpone(pauses)):
        logger.warning("not postponed", extra={"messages": len(refused), "reasons": sorted(set(refused))})
    failed = len(response["batchItemFailures"])
    logger.info("batch", extra={"messages": len(event["Records"]), "failed": failed})
    return dict(response)


def _record_message(record: SQSRecord, lambda_context: Any) -> None:
    ctx = runtime.context()
    submitted = read_events(record.body)
    _seconds_left(lambda_context)
    accounts = ctx.tables.get_many(account_keys(submitted))
    retry_seconds = min(RETRY_SECONDS, _seconds_left(lambda_context))
    results = record_usage(ctx, submitted, accounts, retry_seconds=retry_seconds)
    not_counted = [result for result in results if result.status not in ("accepted", "duplicate")]
    if not_counted:
        reasons = sorted({result.reason or result.status for result in not_counted})
        logger.warning("usage refused", extra={"message_id": record.message_id, "reasons": reasons})
        raise (MessageBusy if RETRY in reasons else MessageNotCounted)(", ".join(reasons))


def _seconds_left(lambda_context: Any) -> float:
    """For new work. MessageBusy if none are left: if Lambda ends the call, no message of the batch is postponed."""
    seconds = float(lambda_context.get_remaining_time_in_millis() / 1000 - RESPONSE_SECONDS)
    if seconds <= 0:
        raise MessageBusy("no time is left")
    return seconds


runtime.prepare()
