"""What was used, held against budgets and allocations; and sessions whose time is up.

Every five minutes all that nobody has looked at is put on the queue, and worked off from there. A budget is looked at
before that, the moment its account uses something: the stream tells of it.
"""

from typing import Any

from aws_lambda_powertools import Logger

from tallybook import runtime
from tallybook.domain.errors import Unavailable
from tallybook.domain.jobs import USAGE_CHECK
from tallybook.queued_job import QueuedJob
from tallybook.services.budgets.check import accounts_with_budget, check_budget
from tallybook.services.jobs.usage_check import run_task

logger = Logger()
_job = QueuedJob(USAGE_CHECK, run_task)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Records of the stream, messages of the queue, or `{"job": "usage_check"}`."""
    records = event.get("Records", ())
    if any(record["eventSource"] == "aws:dynamodb" for record in records):
        return _streamed(records, context)
    return _job(event, context)


def _streamed(records: list[dict[str, Any]], context: Any) -> dict[str, int]:
    """Each account once. Nothing fails here for the stream's sake: what is left undone, the sweep finds."""
    ctx = runtime.context()
    deadline = ctx.elapsed() + runtime.seconds_left(context)
    counts = {"budgets": 0, "alerted": 0, "left": 0}
    accounts = dict.fromkeys(map(_account_of, records))
    try:
        found = accounts_with_budget(ctx, accounts)
    except Unavailable:
        found, counts["left"] = [], len(accounts)
    for account_id in found:
        if ctx.elapsed() >= deadline:
            counts["left"] += 1
            continue
        try:
            counts["alerted"] += check_budget(ctx, account_id)
            counts["budgets"] += 1
        except Exception:
            logger.exception("check failed", extra={"account_id": account_id})
            counts["left"] += 1
    (logger.warning if counts["left"] else logger.info)("budgets", extra={"counts": counts})
    return counts


def _account_of(record: dict[str, Any]) -> str:
    text: str = record["dynamodb"]["Keys"]["pk"]["S"]
    return text.partition("#")[2]


runtime.prepare()
