"""Deliver each outbox item when the stream reports it, and every 5 minutes the items that are still due.

The handler never fails a stream record: the item stores when it is due again, and the sweep finds it then.
"""

import os
from collections import Counter
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from tallybook import delivery, runtime
from tallybook.domain.errors import Unavailable
from tallybook.services.context import Context
from tallybook.services.outbox.deliver import Outcome, deliver_or_leave, sweep

logger = Logger()
metrics = Metrics(namespace="Tallybook")


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Handle stream records or `{"job": "outbox"}`; return the number of items for each outcome."""
    logger.append_keys(request_id=context.aws_request_id)
    ctx = runtime.context()
    deadline = ctx.elapsed() + runtime.seconds_left(context)
    if "Records" in event:
        outcomes = _deliver_records(ctx, event["Records"], deadline)
    else:
        outcomes = sweep(ctx, delivery.channels(), deadline=deadline)
    (logger.warning if outcomes["left"] else logger.info)("outbox", extra={"outcomes": dict(outcomes)})
    if outcomes["parked"]:
        metrics.add_dimension(name="stage", value=os.environ["TALLYBOOK_STAGE"])
        metrics.add_metric(name="OutboxParked", unit=MetricUnit.Count, value=outcomes["parked"])
        metrics.flush_metrics()
    return {str(outcome): count for outcome, count in outcomes.items()}


def _deliver_records(ctx: Context, records: list[dict[str, Any]], deadline: float) -> Counter[Outcome]:
    outcomes: Counter[Outcome] = Counter()
    for record in records:
        kind, _, item_id = record["dynamodb"]["Keys"]["pk"]["S"].partition("#")
        if kind != "OUTBOX":
            continue
        if ctx.elapsed() >= deadline:
            outcomes["left"] += 1
            continue
        try:
            outcomes[deliver_or_leave(ctx, delivery.channels(), item_id)] += 1
        except Unavailable:
            outcomes["left"] += 1
    return outcomes


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    delivery.channels()
runtime.prepare()
