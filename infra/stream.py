"""Invokes a function with records of the stream of `core`. Records that fail are left to the function's sweep."""

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
from tallybook.domain.outbox import STREAM_BATCH

type Kind = Literal["outbox", "usage"]
RETRIES = 2


@dataclass(frozen=True, slots=True)
class _Source:
    """The filter of the records, the batch size and window, and how many batches of a shard run in parallel.

    Records of one item are never in two batches that run at the same time.
    """

    pattern: Mapping[str, Any]
    batch: int
    window: Duration | None = None
    parallel: int = 1


class Stream(Construct):
    def __init__(self, scope: Construct, table: dynamodb.ITable, function: Function, kind: Kind) -> None:
        super().__init__(scope, f"{camel_case(function.group.name)}Stream")
        address = table.table_stream_arn
        if address is None:
            raise ValueError("the table has no stream")
        function.allow([f"dynamodb:{action}" for action in _READING], address)
        source = _SOURCES[kind]
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=function.entry,
            event_source_arn=address,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=source.batch,
            max_batching_window=source.window,
            parallelization_factor=source.parallel,
            retry_attempts=RETRIES,
            bisect_batch_on_error=True,
            filters=[FilterCriteria.filter(dict(source.pattern))],
        )


# CDK's own event source would grant ListStreams on every resource; only the stream is needed.
_READING = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")

_SOURCES: Mapping[Kind, _Source] = {
    # Only insertions: an item that changes is being delivered already. One mapping for both lanes of the outbox: AWS
    # allows two readers of a shard. A batch has so many records that a fast item is seen soon behind thousands.
    "outbox": _Source(
        {
            "eventName": FilterRule.is_equal("INSERT"),
            "dynamodb": {"Keys": {"pk": {"S": FilterRule.begins_with("OUTBOX#")}}},
        },
        batch=STREAM_BATCH,
    ),
    # The mark of an account with unchecked usage: only if it is set or renewed, not if a check clears it. The window
    # limits the checks of a busy account to one a second.
    "usage": _Source(
        {
            "dynamodb": {
                "Keys": {"sk": {"S": FilterRule.is_equal("DIRTY")}},
                "NewImage": {"due": {"S": FilterRule.exists()}},
            }
        },
        batch=100,
        window=Duration.seconds(1),
        parallel=10,
    ),
}
