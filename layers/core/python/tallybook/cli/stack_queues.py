"""The queues of the deployed stack: how full they are, and how old their messages."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from tallybook.cli.aws import client, find_output, stack_resources
from tallybook.cli.stop import Stop
from tallybook.gateways.clock import Clock
from tallybook.gateways.dead_letters import DeadLetters

_HASH = "[0-9A-F]{8}"
_MAIN = re.compile(rf"(\w+)MessagesMain{_HASH}")
_COUNTS = {"waiting": "ApproximateNumberOfMessages", "in_flight": "ApproximateNumberOfMessagesNotVisible"}
_AGE_SPAN = timedelta(minutes=15)


class StackQueue(NamedTuple):
    """`name` is as in infra/groups.py. The queue `undelivered` has no `url`, because its messages are failed calls."""

    name: str
    url: str | None
    dead_url: str
    waiting: int
    in_flight: int
    dead: int


def stack_queues() -> list[StackQueue]:
    """The queues by name; the counts are SQS's approximate ones."""
    found = {resource.id: resource.logical_id for resource in stack_resources("SQS::Queue")}
    sqs = client("sqs")
    attributes = {url: _attributes(sqs, url) for url in found}
    urls = {attributes[url]["QueueArn"]: url for url in found}
    queues = [
        _queue(named[1], url, urls[_dead_arn(attributes[url])], attributes)
        for url, logical_id in found.items()
        if (named := _MAIN.fullmatch(logical_id))
    ]
    if url := find_output("UndeliveredQueueUrl"):
        queues.append(StackQueue("undelivered", None, url, 0, 0, _dead_count(_attributes(sqs, url))))
    return sorted(queues)


def find_queue(name: str) -> StackQueue:
    queues = {queue.name: queue for queue in stack_queues()}
    if name not in queues:
        raise Stop(f"There is no queue {name}; the queues are {', '.join(queues)}", code=2)
    return queues[name]


def oldest_seconds(queues: Iterable[StackQueue]) -> dict[str, int | None]:
    """The age of the oldest waiting message of each queue, by name, as CloudWatch measured it in the last minutes.

    None if nothing waits or was measured.
    """
    asked = [queue for queue in queues if queue.url and queue.waiting + queue.in_flight]
    if not asked:
        return {}
    now = Clock().now()
    answer = client("cloudwatch").get_metric_data(
        StartTime=now - _AGE_SPAN,
        EndTime=now,
        ScanBy="TimestampDescending",
        MetricDataQueries=[_age_query(index, str(queue.url)) for index, queue in enumerate(asked)],
    )
    values = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    return {
        queue.name: int(measured[0]) if (measured := values.get(f"q{index}")) else None
        for index, queue in enumerate(asked)
    }


def dead_letters(queue: StackQueue) -> DeadLetters:
    return DeadLetters(client("sqs"), queue.dead_url)


def _queue(camel: str, url: str, dead_url: str, attributes: Mapping[str, Mapping[str, str]]) -> StackQueue:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", camel).lower()
    counts = {name: int(attributes[url][attribute]) for name, attribute in _COUNTS.items()}
    return StackQueue(name, url, dead_url, **counts, dead=_dead_count(attributes[dead_url]))


def _dead_count(attributes: Mapping[str, str]) -> int:
    return int(attributes[_COUNTS["waiting"]])


def _attributes(sqs: Any, url: str) -> Mapping[str, str]:
    attributes: Mapping[str, str] = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn", "RedrivePolicy", *_COUNTS.values()]
    )["Attributes"]
    return attributes


def _dead_arn(attributes: Mapping[str, str]) -> str:
    return str(json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"])


def _age_query(index: int, url: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
    }
    return {"Id": f"q{index}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
