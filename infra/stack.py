"""The stack of one stage: the functions of groups.py with their triggers and permissions."""

from collections.abc import Sequence

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.archive import Archive
from infra.bus import Bus
from infra.edge.api import Api
from infra.edge.cdn import Cdn
from infra.edge.domain import Domain
from infra.function import Function
from infra.groups import GROUPS
from infra.layers import Layers
from infra.mail import Mail
from infra.monitoring.alarms import Alarms
from infra.monitoring.dashboard import Dashboard
from infra.monitoring.metrics import Metrics
from infra.release.outputs import outputs_of
from infra.release.release import Release
from infra.stage import Stage
from infra.tables import Tables
from infra.triggers import add_triggers
from tallybook.domain.formats import THIS
from tallybook.domain.jobs import camel_case


class Tallybook(Stack):
    """The outputs are for the operator and the platform: URL, tables, queues, bus, and asynchronous functions."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(
            scope,
            stack_name(stage),
            description=f"Tallybook, {stage.name}",
            termination_protection=stage.protected,
            tags={"application": "tallybook", "stage": stage.name},
        )
        tables = Tables(self, stage)
        layers = Layers(self, stage)
        functions = [
            Function(self, group, stage=stage, tables=tables, layers=layers)
            for group in GROUPS
            if stage.archive_days or not group.archive
        ]
        triggers = add_triggers(self, tables, functions)
        api = Api(self, stage, [function for function in functions if function.group.paths])
        bus = Bus(self, stage)
        page_url = stage.page_url or api.url
        app_url = stage.app_url or next(iter(stage.allowed_origins), "")
        mail = Mail(self, stage, feedback=triggers.topics["mail_feedback"], page_url=page_url)
        archive = Archive(self, stage, tables) if stage.archive_days else None
        for function in functions:
            group = function.group
            if group.paths:
                function.add_environment(PAGE_URL=page_url, BRAND=stage.brand, APP_URL=app_url)
            if group.sends:
                triggers.queues[group.sends].grant(function)
            if group.bus:
                bus.grant(function)
            if group.mail:
                mail.grant(function)
            if group.archive and archive:
                archive.grant(function)
        metrics = Metrics(stage, api=api, tables=tables, triggers=triggers, functions=functions)
        alarms = Alarms(self, stage, metrics, [function.group for function in functions])
        Release(self, stage, functions=functions, alarms=alarms.release_alarms)
        Dashboard(self, stage, metrics, functions)
        outputs = {
            "ApiUrl": api.url,
            "ApiId": api.http.api_id,
            "CoreTable": tables.core.table_name,
            "UsageTable": tables.usage.table_name,
            "UsageQueueUrl": triggers.queues["usage"].main.queue_url,
            "UndeliveredQueueUrl": triggers.undelivered.queue.queue_url,
            "BusName": bus.name,
            **({"ArchiveBucket": archive.bucket.bucket_name} if archive else {}),
            **_add_domain(self, stage, api, functions),
            **outputs_of(THIS),
            **mail.outputs,
            **{
                f"{camel_case(function.group.name)}Function": function.entry.function_arn
                for function in functions
                if function.group.asynchronous
            },
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _add_domain(scope: Construct, stage: Stage, api: Api, functions: Sequence[Function]) -> dict[str, str]:
    """The stage's domain, at the gateway itself or at CloudFront, if it has one; returns the outputs that DNS needs."""
    if not stage.domain or not stage.certificate:
        return {}
    if stage.cloudfront:
        cdn = Cdn(scope, name=stage.domain, certificate=stage.certificate, web_acl=stage.web_acl, api=api)
        for function in functions:
            if function.group.paths:
                function.add_environment(EDGE_SECRET=cdn.secret)
        return {"DomainTarget": cdn.target, "DomainTargetZone": cdn.zone}
    domain = Domain(scope, name=stage.domain, certificate=stage.certificate, stage=api.stage)
    return {"DomainTarget": domain.target, "DomainTargetZone": domain.zone}


def stack_name(stage: Stage) -> str:
    return f"tallybook-{stage.name}"
