"""The stack of one stage: the functions of groups.py with their triggers and permissions."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.alarms import Alarms
from infra.api import Api
from infra.bus import Bus
from infra.function import Function
from infra.groups import GROUPS
from infra.layers import Layers
from infra.mail import Mail
from infra.queues import Queue
from infra.release import Release
from infra.schedules import Schedule
from infra.stage import Stage
from infra.stream import Stream
from infra.tables import Tables
from infra.topics import Topic
from tallybook.domain.jobs import camel_case


class Tallybook(Stack):
    """The outputs are for the operator and the platform: URL, tables, usage queue, bus, and the scheduled functions."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(
            scope,
            stack_name(stage),
            description=f"Tallybook, {stage.name}",
            termination_protection=stage.keep,
            tags={"application": "tallybook", "stage": stage.name},
        )
        tables = Tables(self, stage)
        layers = Layers(self, stage)
        functions = [Function(self, group, stage=stage, tables=tables, layers=layers) for group in GROUPS]
        queues = {
            function.group.queue: Queue(self, function.group.queue, function)
            for function in functions
            if function.group.queue
        }
        topics = {
            function.group.topic: Topic(self, function.group.topic, function)
            for function in functions
            if function.group.topic
        }
        api = Api(self, stage, [function for function in functions if function.group.paths])
        bus = Bus(self, stage)
        page_url = stage.page_url or api.url
        app_url = stage.app_url or next(iter(stage.allowed_origins), "")
        mail = Mail(self, stage, feedback=topics["mail_feedback"], page_url=page_url)
        for function in functions:
            if function.group.paths:
                function.add_environment(PAGE_URL=page_url, BRAND=stage.brand, APP_URL=app_url)
            if function.group.sends:
                queues[function.group.sends].grant(function)
            if function.group.bus:
                bus.grant(function)
            if function.group.mail:
                mail.grant(function)
            if function.group.stream:
                Stream(self, tables.core, function, function.group.stream)
            if function.group.every_minutes:
                Schedule(self, function, every_minutes=function.group.every_minutes)
        alarms = Alarms(self, stage, api=api, queues=list(queues.values()), functions=functions)
        Release(self, stage, functions=functions, alarms=alarms.release_alarms)
        self._output("ApiUrl", api.url)
        self._output("ApiId", api.http.api_id)
        self._output("CoreTable", tables.core.table_name)
        self._output("UsageTable", tables.usage.table_name)
        self._output("UsageQueueUrl", queues["usage"].main.queue_url)
        self._output("BusName", bus.name)
        for function in functions:
            if function.group.every_minutes:
                self._output(f"{camel_case(function.group.name)}Function", function.entry.function_arn)

    def _output(self, name: str, value: str) -> None:
        CfnOutput(self, name, value=value)


def stack_name(stage: Stage) -> str:
    return f"tallybook-{stage.name}"
