"""Check usage against budgets and allocations, and end sessions that have reached their timeout.

The stream calls the function when an account uses something, and it checks the account's budget. Every five minutes,
accounts with unchecked usage are put on the queue, whose messages the same function handles.
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
    """Handle stream records, messages of the queue, or `{"job": "usage_check"}`."""
    logger.append_keys(request_id=context.aws_request_id)
    records = event.get("Records", ())
    if any(record["eventSource"] == "aws:dynamodb" for record in records):
        return _check_budgets(records, context)
    return _job(event, context)


def _check_budgets(records: list[dict[str, Any]], context: Any) -> dict[str, int]:
    """Check each account once. A failure is only logged, so that the stream continues; the sweep tries again."""
    ctx = runtime.context()
    deadline = ctx.elapsed() + runtime.seconds_left(context)
    counts = {"budgets": 0, "alerted": 0, "left": 0}
    account_ids = dict.fromkeys(account_id for record in records if (account_id := _account_of(record)))
    try:
        with_budget = accounts_with_budget(ctx, account_ids)
    except Unavailable:
        with_budget, counts["left"] = [], len(account_ids)
    for account_id in with_budget:
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


def _account_of(record: dict[str, Any]) -> str | None:
    """The account of a mark of unchecked usage; None for the record of another item."""
    key = record["dynamodb"]["Keys"]
    return str(key["pk"]["S"]).partition("#")[2] if key["sk"]["S"] == "DIRTY" else None


runtime.prepare()
