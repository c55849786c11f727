"""The queue of asynchronous invocations that AWS gave up: scheduled calls and mail feedback. An alarm watches it.

Each sender has its own kind of message: Lambda a record of the failed invocation, EventBridge the scheduled event, SNS
the notification. None can be moved back to a source queue: sending one again means invoking the function.
"""

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.function import Function

RETRIES = 2
"""Lambda runs a failed asynchronous invocation again after one minute, and after two more: the most that it allows."""

SCHEDULE_AGE = Duration.hours(1)
"""After this, a scheduled call is given up: later calls do all that is due, so more tries would only pile up."""

FEEDBACK_AGE = Duration.hours(6)
"""The most that Lambda allows: nothing repeats the notification of a bounce."""


class Undelivered(Construct):
    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "Undelivered")
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        Validations.of(self.queue).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-SQS3",
                reason="It is the dead-letter queue of rules, functions and a topic; the rule looks at queues only.",
            )
        )

    def keep_failures_of(self, function: Function) -> None:
        """Keep each asynchronous invocation of the function that failed in all its tries, or grew too old."""
        function.allow(["sqs:SendMessage"], self.queue.queue_arn)
        age = SCHEDULE_AGE if function.group.every_minutes else FEEDBACK_AGE
        entry = function.entry
        settings = lambda_.CfnEventInvokeConfig(
            self,
            function.node.id,
            function_name=function.function.function_name,
            qualifier=entry.alias_name if isinstance(entry, lambda_.Alias) else "$LATEST",
            maximum_event_age_in_seconds=age.to_seconds(),
            maximum_retry_attempts=RETRIES,
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=self.queue.queue_arn)
            ),
        )
        settings.node.add_dependency(entry)  # it names the alias only as text
