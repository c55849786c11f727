"""A topic that invokes a function. Lambda tries each notification three times; alarms.py reports errors."""

from aws_cdk import aws_sns as sns
from aws_cdk.aws_sns_subscriptions import LambdaSubscription
from constructs import Construct

from infra.function import Function, title


class Topic(Construct):
    def __init__(self, scope: Construct, name: str, function: Function) -> None:
        super().__init__(scope, f"{title(name)}Notifications")
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self.topic.add_subscription(LambdaSubscription(function.entry))
