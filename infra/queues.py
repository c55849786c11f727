"""A queue that invokes a function; a message that is received too often goes to its dead-letter queue.

A bound on the function's own concurrency would use up receives: Lambda receives messages first, and gives them back if
no execution is free. `max_concurrency` bounds how many batches it receives.
"""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from constructs import Construct

from infra.function import Function
from tallybook.domain.jobs import camel_case

BATCH = 10
VISIBILITY_FACTOR = 6
"""The visibility timeout is this many function timeouts: AWS advises six, so that no message is received twice."""


class Queue(Construct):
    def __init__(self, scope: Construct, name: str, function: Function) -> None:
        super().__init__(scope, f"{camel_case(name)}Messages")
        self.dead = self._queue("Dead", retention_period=Duration.days(14))
        self.main = self._queue(
            "Main",
            retention_period=Duration.days(14),
            visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * function.group.timeout),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=function.group.receives),
        )
        function.add_environment(QUEUE_URL=self.main.queue_url)
        function.entry.add_event_source(
            SqsEventSource(
                self.main,
                batch_size=BATCH,
                max_concurrency=function.group.max_concurrency,
                report_batch_item_failures=True,
            )
        )

    def grant(self, function: Function) -> None:
        """Allow the function to send messages to the queue that invokes it."""
        function.allow(["sqs:SendMessage"], self.main.queue_arn)

    def _queue(
        self,
        name: str,
        *,
        retention_period: Duration | None = None,
        visibility_timeout: Duration | None = None,
        dead_letter_queue: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=retention_period,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=dead_letter_queue,
        )
