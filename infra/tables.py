"""The two on-demand tables, keyed by `pk` and `sk`. In production they are protected from deletion and restorable."""

from aws_cdk import RemovalPolicy
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
        self.core = self._table("Core", stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES)
        self.core.add_global_secondary_index(
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
