"""The cost of a stage that nobody uses, computed from its template."""

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tallybook.domain.jobs import JOBS
from tests.infra.prices import (
    CALL_LOG_GB,
    CALL_SECONDS,
    EXPORT_GB,
    HOURS,
    MONTHLY,
    NOTHING_AT_REST,
    POLLS_A_MINUTE,
    PRICES,
    Unit,
)
from tests.support.template import Properties, Synthesized

type Amounts = Mapping[Unit, Decimal]

_ARCHIVE_READS = Decimal(2)
_CALLS_AN_HOUR = {"rate(5 minutes)": 12, "cron(0 * * * ? *)": 1}


class NoPrice(Exception):
    """A resource's kind is in no table of prices.py."""


def amounts(stage: Synthesized) -> Amounts:
    """What an idle month uses of each unit."""
    total: Counter[Unit] = Counter()
    for name, resource in stage.template["Resources"].items():
        total.update(_of_resource(stage, name, resource))
    return total


def cost(used: Amounts, *, with_free: bool) -> Decimal:
    """In USD a month, with or without what is always free for an account."""
    return sum(
        (max(Decimal(0), amount - (PRICES[unit].free if with_free else 0)) * PRICES[unit].usd)
        for unit, amount in used.items()
    ) or Decimal(0)


def _of_resource(stage: Synthesized, name: str, resource: Properties) -> Amounts:
    kind, properties = resource["Type"], resource.get("Properties", {})
    match kind:
        case "AWS::CloudWatch::Alarm":
            metrics = [metric for metric in properties.get("Metrics", ()) if "MetricStat" in metric]
            used: Amounts = {"alarm metric": Decimal(len(metrics) or 1)}
        case "AWS::Lambda::EventSourceMapping":
            polls = 0 if "StartingPosition" in properties else POLLS_A_MINUTE  # Lambda reads streams of tables for free
            used = {"SQS request": polls * 60 * HOURS}
        case "AWS::Events::Rule":
            used = _of_schedule(stage, properties)
        case _ if kind in MONTHLY:
            used = {MONTHLY[kind]: Decimal(1)}
        case _ if kind in NOTHING_AT_REST:
            used = {}
        case _:
            raise NoPrice(
                f"{name} is an {kind}, which has no price: add what it costs at rest to tests/infra/prices.py"
            )
    return used


def _of_schedule(stage: Synthesized, rule: Properties) -> Amounts:
    """A call that finds nothing due: it queries each partition of its work once, half a unit each."""
    calls = _CALLS_AN_HOUR[rule["ScheduleExpression"]] * HOURS
    job_name = _job_of(rule)
    gigabytes = Decimal(stage.functions()[job_name]["MemorySize"]) / 1024
    return {
        "export GB": 2 * EXPORT_GB * HOURS / 24 if job_name == "archive" else Decimal(0),
        "Lambda call": calls,
        "Lambda GB-second": calls * CALL_SECONDS * gigabytes,
        "DynamoDB read unit": calls * _reads_of(job_name),
        "log GB": calls * CALL_LOG_GB,
        "trace": calls,
    }


def _reads_of(job: str) -> Decimal:
    """Half a unit for each partition of due work; the archive reads how far each table is exported."""
    return sum((Decimal(len(one.partitions())) / 2 for one in JOBS if one.name == job), Decimal(0)) or _ARCHIVE_READS


def _job_of(rule: Properties) -> Any:
    (target,) = rule["Targets"]
    return json.loads(target["Input"])["job"]
