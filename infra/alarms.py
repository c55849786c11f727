"""What somebody must look at: work that was given up, and answers that say it was our fault."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from infra.api import Api
from infra.queues import Queue
from infra.stage import Stage


class Alarms(Construct):
    """One topic; the stage's `alarm_email`, if it has one, is told."""

    def __init__(self, scope: Construct, stage: Stage, *, api: Api, queues: list[Queue]) -> None:
        super().__init__(scope, "Alarms")
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        if stage.alarm_email:
            self.topic.add_subscription(EmailSubscription(stage.alarm_email))
        for queue in queues:
            waiting = queue.dead.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(5), statistic="Maximum"
            )
            self._alarm(f"{queue.node.id}GivenUp", waiting, "Messages that failed five times wait to be looked at")
        failing = api.http.metric_server_error(period=Duration.minutes(5), statistic="Sum")
        self._alarm("ServerErrors", failing, "Requests were answered with a 5xx")

    def _alarm(self, name: str, metric: cloudwatch.Metric, description: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=description,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
