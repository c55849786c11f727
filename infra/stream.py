"""What is stored in `core` calls a function at once; what it fails on is left to its sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda import FilterCriteria, FilterRule
from constructs import Construct

from infra.function import Function
from tallybook.domain.jobs import camel_case

type Told = Literal["outbox", "usage"]
RETRIES = 2


@dataclass(frozen=True, slots=True)
class _Records:
    """Which records pass, how many at a time, for how long they are gathered, and how many batches of a shard go at
    once: an item's records always one after the other.
    """

    pattern: Mapping[str, Any]
    batch: int
    gathered: Duration | None = None
    at_once: int = 1


class Stream(Construct):
    def __init__(self, scope: Construct, table: dynamodb.Table, function: Function, told: Told) -> None:
        super().__init__(scope, f"{camel_case(function.group.name)}Stream")
        address = table.table_stream_arn
        if address is None:
            raise ValueError("the table has no stream")
        function.allow([f"dynamodb:{action}" for action in _READING], address)
        records = _RECORDS[told]
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=function.entry,
            event_source_arn=address,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=records.batch,
            max_batching_window=records.gathered,
            parallelization_factor=records.at_once,
            retry_attempts=RETRIES,
            bisect_batch_on_error=True,
            filters=[FilterCriteria.filter(dict(records.pattern))],
        )


# CDK's own event source would grant ListStreams on every resource; on the stream alone it does as well.
_READING = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")

_RECORDS: Mapping[Told, _Records] = {
    # Only insertions: an outbox item that changes is being worked on already.
    "outbox": _Records(
        {
            "eventName": FilterRule.is_equal("INSERT"),
            "dynamodb": {"Keys": {"pk": {"S": FilterRule.begins_with("OUTBOX#")}}},
        },
        batch=10,
    ),
    # An account's mark each time that it uses something, and not when a check takes it back. An account that uses
    # something all the time is looked at once a second.
    "usage": _Records(
        {
            "dynamodb": {
                "Keys": {"sk": {"S": FilterRule.is_equal("DIRTY")}},
                "NewImage": {"due": {"S": FilterRule.exists()}},
            }
        },
        batch=100,
        gathered=Duration.seconds(1),
        at_once=10,
    ),
}
