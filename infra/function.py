"""A Lambda function from a row of groups.py, with a role that has exactly the permissions of the row."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundle import function_bundle
from infra.groups import LAST_USE, OPERATOR_ITEMS, PLATFORM_KEYS, Action, Group
from infra.layers import RUNTIME, Layers, architecture_of, code_of
from infra.stage import Stage
from infra.tables import Tables
from tallybook.domain.jobs import camel_case

ALIAS = "live"


class Function(Construct):
    """`entry` is invoked, by everything that invokes: the alias `live` of the published version.

    A change of code, layers or configuration publishes a version; the one before is deleted with the release, since a
    stage would pay for its snapshot, and an account's storage for code is limited.
    """

    def __init__(self, scope: Construct, group: Group, *, stage: Stage, tables: Tables, layers: Layers) -> None:
        super().__init__(scope, camel_case(group.name))
        self.group = group
        log_group = log_group_of(self, stage)
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(self._role)
        self.allow([f"dynamodb:{action}" for action in group.core], tables.core.table_arn)
        self.allow([f"dynamodb:{action}" for action in group.usage], tables.usage.table_arn)
        if group.work:
            self.allow(["dynamodb:Query"], tables.work_index)
        self._protect_operator_items(tables.core.table_arn)
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"tallybook {stage.name}: {group.name}",
            code=code_of(function_bundle(group.name)),
            handler=f"{group.name}.app.handler",
            runtime=RUNTIME,
            architecture=architecture_of(stage),
            layers=list(layers.all),
            memory_size=group.memory,
            timeout=Duration.seconds(group.timeout),
            environment=_environment(group, stage, tables),
            role=self._role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            reserved_concurrent_executions=stage.metering_concurrency if group.name == "metering" else None,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if stage.snap_start else None,
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.DESTROY),
        )
        self.entry = self.function.add_alias(ALIAS)

    def allow(self, actions: Sequence[str], *resources: str, only: Mapping[str, str] | None = None) -> None:
        """Grant the actions on the resources; `only` are values that the conditions of a request must have."""
        if actions:
            conditions = {"StringEquals": dict(only)} if only else None
            statement = iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
            self._role.add_to_policy(statement)

    def _protect_operator_items(self, core: str) -> None:
        """Deny all writes of what only the operator writes, except the time of a platform key's last use."""
        self._deny_writes(core, "PutItem", "DeleteItem", items=OPERATOR_ITEMS)
        if self.group.notes_key_use:
            others = tuple(pattern for pattern in OPERATOR_ITEMS if pattern != PLATFORM_KEYS)
            self._deny_writes(core, "UpdateItem", items=others)
            self._deny_writes(core, "UpdateItem", items=(PLATFORM_KEYS,), unless_only=LAST_USE)
        else:
            self._deny_writes(core, "UpdateItem", items=OPERATOR_ITEMS)

    def _deny_writes(self, table: str, *actions: Action, items: Sequence[str], unless_only: Sequence[str] = ()) -> None:
        """Deny the actions on these partitions; with `unless_only`, only if they name another attribute."""
        conditions = {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": list(items)}}
        if unless_only:
            conditions["ForAnyValue:StringNotEquals"] = {"dynamodb:Attributes": list(unless_only)}
        self._role.add_to_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=[f"dynamodb:{action}" for action in actions],
                resources=[table],
                conditions=conditions,
            )
        )

    def add_environment(self, **variables: str) -> None:
        """Environment variables that only some functions need."""
        for name, value in variables.items():
            self.function.add_environment(name, value)


def log_group_of(scope: Construct, stage: Stage, *, name: str | None = None) -> logs.LogGroup:
    """A log that outlives its stack if the stage keeps data, but not a failed creation, which would leave it unused."""
    return logs.LogGroup(
        scope,
        "Log",
        log_group_name=name,
        retention=_RETENTION[stage.log_days],
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if stage.keep else RemovalPolicy.DESTROY,
    )


_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    7: logs.RetentionDays.ONE_WEEK,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


def _environment(group: Group, stage: Stage, tables: Tables) -> dict[str, str]:
    return {
        "TALLYBOOK_STAGE": stage.name,
        "CORE_TABLE": tables.core.table_name,
        "USAGE_TABLE": tables.usage.table_name,
        "USAGE_SHARDS": str(stage.usage_shards),
        "ALLOWED_ORIGINS": ",".join(stage.allowed_origins),
        "POWERTOOLS_SERVICE_NAME": group.name,
        "POWERTOOLS_LOG_LEVEL": stage.log_level,
    }
