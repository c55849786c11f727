"""A topic that invokes a function. A notification that can't be delivered, or fails three times, is kept."""

from aws_cdk import aws_sns as sns
from aws_cdk.aws_sns_subscriptions import LambdaSubscription
from constructs import Construct

from infra.function import Function
from infra.undelivered import Undelivered
from tallybook.domain.jobs import camel_case


class Topic(Construct):
    def __init__(self, scope: Construct, name: str, function: Function, *, undelivered: Undelivered) -> None:
        super().__init__(scope, f"{camel_case(name)}Notifications")
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self.topic.add_subscription(LambdaSubscription(function.entry, dead_letter_queue=undelivered.queue))
