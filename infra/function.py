"""One row of the table as a function, with a role that may do what the row says and nothing more."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundle import function_bundle
from infra.groups import Action, Group
from infra.layers import RUNTIME, Layers, architecture_of, code_of
from infra.stage import Stage
from infra.tables import Tables


class Function(Construct):
    """`entry` is what callers invoke: the function, or with SnapStart the alias of its published version."""

    def __init__(self, scope: Construct, group: Group, *, stage: Stage, tables: Tables, layers: Layers) -> None:
        super().__init__(scope, _title(group.name))
        self.group = group
        log_group = log_group_of(self, stage)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        _allow(role, tables.core, group.core)
        _allow(role, tables.usage, group.usage)
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
            role=role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if stage.snap_start else None,
        )
        self.entry: lambda_.IFunction = self.function.add_alias("live") if stage.snap_start else self.function


def log_group_of(scope: Construct, stage: Stage) -> logs.LogGroup:
    return logs.LogGroup(
        scope,
        "Log",
        retention=_RETENTION[stage.log_days],
        removal_policy=RemovalPolicy.RETAIN if stage.keep else RemovalPolicy.DESTROY,
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
        "ALLOWED_ORIGINS": ",".join(stage.allowed_origins),
        "POWERTOOLS_SERVICE_NAME": group.name,
        "POWERTOOLS_LOG_LEVEL": stage.log_level,
    }


def _allow(role: iam.Role, table: dynamodb.Table, actions: tuple[Action, ...]) -> None:
    if actions:
        allowed = [f"dynamodb:{action}" for action in actions]
        role.add_to_policy(iam.PolicyStatement(actions=allowed, resources=[table.table_arn]))


def _title(name: str) -> str:
    """usage_queue -> UsageQueue"""
    return "".join(word.capitalize() for word in name.split("_"))
