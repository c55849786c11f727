"""A schedule that invokes a function with the name of its job; an hourly one runs at the full hour."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk.aws_events_targets import LambdaFunction
from constructs import Construct

from infra.function import Function
from infra.undelivered import SCHEDULE_AGE, Undelivered
from tallybook.domain.jobs import camel_case


class Schedule(Construct):
    def __init__(self, scope: Construct, function: Function, *, every_minutes: int, undelivered: Undelivered) -> None:
        name = function.group.name
        super().__init__(scope, f"{camel_case(name)}Schedule")
        self.function = function
        self.rule = events.Rule(
            self,
            "Rule",
            schedule=_schedule(every_minutes),
            targets=[
                LambdaFunction(
                    function.entry,
                    event=events.RuleTargetInput.from_object({"job": name}),
                    max_event_age=SCHEDULE_AGE,
                    dead_letter_queue=undelivered.queue,
                )
            ],
        )


def _schedule(every_minutes: int) -> events.Schedule:
    """Most periods end at a full hour, so a run at the full hour closes them one hour after their end."""
    if every_minutes == 60:
        return events.Schedule.cron(minute="0")
    return events.Schedule.rate(Duration.minutes(every_minutes))
