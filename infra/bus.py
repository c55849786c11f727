"""The stage's event bus. Consumers add their own rules to it."""

from aws_cdk import aws_events as events
from constructs import Construct

from infra.function import Function
from infra.stage import Stage


class Bus(Construct):
    def __init__(self, scope: Construct, stage: Stage) -> None:
        super().__init__(scope, "Bus")
        self.bus = events.EventBus(self, "Bus", event_bus_name=f"tallybook-{stage.name}")

    @property
    def name(self) -> str:
        return self.bus.event_bus_name

    def grant(self, function: Function) -> None:
        function.allow(["events:PutEvents"], self.bus.event_bus_arn)
        function.add_environment(BUS_NAME=self.name)
