"""What appears in the outbox calls a function at once; what it fails on is left to its sweep."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda import FilterCriteria, FilterRule
from constructs import Construct

from infra.function import Function, title

OUTBOX = "OUTBOX#"
"""How the partition key of an outbox item begins."""
BATCH = 10
RETRIES = 2


class Stream(Construct):
    """Only insertions: an outbox item that changes is being worked on already."""

    def __init__(self, scope: Construct, table: dynamodb.Table, function: Function) -> None:
        super().__init__(scope, f"{title(function.group.name)}Stream")
        address = table.table_stream_arn
        if address is None:
            raise ValueError("the table has no stream")
        function.allow([f"dynamodb:{action}" for action in _READING], address)
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=function.entry,
            event_source_arn=address,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=BATCH,
            retry_attempts=RETRIES,
            bisect_batch_on_error=True,
            filters=[_APPEARED],
        )


# CDK's own event source would grant ListStreams on every resource; on the stream alone it does as well.
_READING = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
_APPEARED = FilterCriteria.filter(
    {
        "eventName": FilterRule.is_equal("INSERT"),
        "dynamodb": {"Keys": {"pk": {"S": FilterRule.begins_with(OUTBOX)}}},
    }
)
