"""Alarms: failed or late work, and 5xx answers."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from infra.api import Api
from infra.function import Function
from infra.queues import Queue
from infra.stage import Stage

_PERIOD = Duration.minutes(5)


class Alarms(Construct):
    """All alarms notify one topic, and through it the stage's `alarm_email` if there is one."""

    def __init__(
        self, scope: Construct, stage: Stage, *, api: Api, queues: list[Queue], functions: list[Function]
    ) -> None:
        super().__init__(scope, "Alarms")
        self._stage = stage
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self._let_alarms_publish()
        if stage.alarm_email:
            self.topic.add_subscription(EmailSubscription(stage.alarm_email))
        for queue in queues:
            waiting = queue.dead.metric_approximate_number_of_messages_visible(period=_PERIOD, statistic="Maximum")
            self._alarm(
                f"{queue.node.id}GivenUp", waiting, "Messages failed five times and are in the dead-letter queue"
            )
        failing = api.http.metric_server_error(period=_PERIOD, statistic="Sum")
        self._alarm("ServerErrors", failing, "Requests were answered with a 5xx")
        for function in functions:
            if not function.group.paths:
                self._watch(function)
            if function.group.stream:
                self._watch_stream(function)
            if function.group.sends:
                late = self._metric(f"{function.node.id}Late", function)
                self._alarm(
                    f"{function.node.id}Late",
                    late,
                    "Work that was due before the last scheduled call is still not done",
                )

    @property
    def release_alarms(self) -> list[cloudwatch.Alarm]:
        """Those that roll a release back: 5xx answers, and errors that no caller sees."""
        named = [child for child in self.node.children if child.node.id.endswith("Errors")]
        return [alarm for alarm in named if isinstance(alarm, cloudwatch.Alarm)]

    def _let_alarms_publish(self) -> None:
        """Needed because `enforce_ssl` replaces the topic's default policy, which lets CloudWatch publish."""
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )

    def _watch(self, function: Function) -> None:
        """No client sees the errors of this function, so an alarm has to report them."""
        errors = function.entry.metric_errors(period=_PERIOD, statistic="Sum")
        self._alarm(f"{function.node.id}Errors", errors, f"{function.group.name} failed")

    def _watch_stream(self, function: Function) -> None:
        late = function.entry.metric("IteratorAge", period=_PERIOD, statistic="Maximum")
        self._alarm(
            f"{function.node.id}StreamLate",
            late,
            f"{function.group.name} is more than 10 minutes behind what was stored",
            threshold=10 * 60 * 1000,
        )
        if function.group.stream == "outbox":
            parked = self._metric("OutboxParked", function)
            self._alarm("OutboxParked", parked, "An outbox item failed too often and is not retried")

    def _metric(self, metric: str, function: Function) -> cloudwatch.Metric:
        """A metric that the function itself emits in its log."""
        return cloudwatch.Metric(
            namespace="Tallybook",
            metric_name=metric,
            dimensions_map={"service": function.group.name, "stage": self._stage.name},
            period=_PERIOD,
            statistic="Sum",
        )

    def _alarm(self, name: str, metric: cloudwatch.Metric, description: str, *, threshold: int = 1) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=description,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
