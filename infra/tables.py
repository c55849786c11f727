"""The two on-demand tables, keyed by `pk` and `sk`. In production they are protected from deletion and restorable."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk.aws_dynamodb import AttributeType
from constructs import Construct

from infra.stage import Stage

WORK_INDEX = "work"


class Tables(Construct):
    """`core` has a stream and the sparse index `work` of what is due; `usage` has event markers and counters."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "Tables")
        self._stage = stage
        self.core: dynamodb.ITable
        self.usage: dynamodb.ITable
        if stage.restored:
            self.core = self._restored("Core", stage.restored.core, stream=stage.restored.core_stream)
            self.usage = self._restored("Usage", stage.restored.usage)
            return
        self.core = core = self._table("Core", stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES)
        core.add_global_secondary_index(
            index_name=WORK_INDEX,
            partition_key=dynamodb.Attribute(name="work", type=AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="due", type=AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
            max_read_request_units=stage.max_read_units,
            max_write_request_units=stage.max_write_units,
        )
        self.usage = self._table("Usage")

    @property
    def work_index(self) -> str:
        """The index's ARN, for permissions."""
        return f"{self.core.table_arn}/index/{WORK_INDEX}"

    def _restored(self, name: str, table: str, *, stream: str | None = None) -> dynamodb.ITable:
        """A table outside the stack, whose settings `tallybook backup restore` made and `tallybook doctor` checks."""
        arn = Stack.of(self).format_arn(service="dynamodb", resource="table", resource_name=table)
        return dynamodb.Table.from_table_attributes(self, name, table_arn=arn, table_stream_arn=stream)

    def _table(self, name: str, *, stream: dynamodb.StreamViewType | None = None) -> dynamodb.Table:
        keep = self._stage.keep
        return dynamodb.Table(
            self,
            name,
            partition_key=dynamodb.Attribute(name="pk", type=AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            max_read_request_units=self._stage.max_read_units,
            max_write_request_units=self._stage.max_write_units,
            stream=stream,
            time_to_live_attribute="expires" if self._stage.expire else None,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=keep
            ),
            deletion_protection=self._stage.protected,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else RemovalPolicy.DESTROY,
        )
