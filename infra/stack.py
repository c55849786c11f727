"""The whole bundle of one stage: the table's rows wired to tables, paths, queues and alarms."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.alarms import Alarms
from infra.api import Api
from infra.function import Function
from infra.groups import GROUPS
from infra.layers import Layers
from infra.queues import Queue
from infra.stage import Stage
from infra.tables import Tables


class Tallybook(Stack):
    """Its outputs are what an operator and a platform need to know: address, table names, queue."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(
            scope,
            stack_name(stage),
            description=f"Tallybook, {stage.name}",
            termination_protection=stage.keep,
        )
        tables = Tables(self, stage)
        layers = Layers(self, stage)
        functions = [Function(self, group, stage=stage, tables=tables, layers=layers) for group in GROUPS]
        queues = {
            function.group.queue: Queue(self, function.group.queue, function)
            for function in functions
            if function.group.queue
        }
        api = Api(self, stage, [function for function in functions if function.group.paths])
        Alarms(self, stage, api=api, queues=list(queues.values()))
        self._tell("ApiUrl", api.url)
        self._tell("ApiId", api.http.api_id)
        self._tell("CoreTable", tables.core.table_name)
        self._tell("UsageTable", tables.usage.table_name)
        self._tell("UsageQueueUrl", queues["usage"].main.queue_url)

    def _tell(self, name: str, value: str) -> None:
        CfnOutput(self, name, value=value)


def stack_name(stage: Stage) -> str:
    return f"tallybook-{stage.name}"
