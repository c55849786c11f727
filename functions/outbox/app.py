"""Deliver each outbox item when the stream reports it, and every 5 minutes the items that are still due.

The handler never fails a stream record: the item stores when it is due again, and the sweep finds it then.
"""

import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from tallybook import delivery, runtime
from tallybook.domain.outbox import Lane
from tallybook.services.outbox.backlog import Backlog
from tallybook.services.outbox.batch import deliver_batch
from tallybook.services.outbox.sweep import sweep
from tallybook.store.outbox import lane_of_work

logger = Logger()
metrics = Metrics(namespace="Tallybook")


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Handle stream records or `{"job": "outbox"}`; return the number of items for each outcome."""
    logger.append_keys(request_id=context.aws_request_id)
    ctx = runtime.context()
    deadline = ctx.elapsed() + runtime.seconds_left(context)
    figures: dict[str, int] = {}
    if "Records" in event:
        outcomes = deliver_batch(ctx, delivery.channels(), _new_items(event["Records"]), deadline=deadline)
    else:
        backlog = Backlog()
        outcomes = sweep(ctx, delivery.channels(), deadline=deadline, backlog=backlog)
        figures = {"OutboxPostponed": backlog.postponed, "OutboxOldestSeconds": backlog.oldest_seconds(ctx)}
    (logger.warning if outcomes["left"] else logger.info)("outbox", extra={"outcomes": dict(outcomes)})
    _emit({"OutboxParked": outcomes["parked"], **figures})
    return {str(outcome): count for outcome, count in outcomes.items()}


def _new_items(records: list[dict[str, Any]]) -> dict[Lane, list[str]]:
    """The ids of the outbox items, by lane; other records are none of its work."""
    item_ids: dict[Lane, list[str]] = {"fast": [], "slow": []}
    for record in records:
        change = record["dynamodb"]
        kind, _, item_id = change["Keys"]["pk"]["S"].partition("#")
        if kind == "OUTBOX":
            work = change.get("NewImage", {}).get("work", {}).get("S", "")
            item_ids[lane_of_work(work)].append(item_id)
    return item_ids


def _emit(figures: Mapping[str, int]) -> None:
    """The figures that are not 0, so that an idle stage pays for no metric."""
    if not any(figures.values()):
        return
    metrics.add_dimension(name="stage", value=os.environ["TALLYBOOK_STAGE"])
    for name, value in figures.items():
        if value:
            unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
            metrics.add_metric(name=name, unit=unit, value=value)
    metrics.flush_metrics()


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    delivery.channels()
runtime.prepare()
