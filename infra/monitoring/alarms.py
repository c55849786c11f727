"""Makes the alarms of alarm_rows.py. All notify one topic, also when they end; the stage's `alarm_email` gets it."""

from collections.abc import Iterable, Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch import TreatMissingData
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from infra.groups import Group
from infra.monitoring.alarm_row import AlarmRow, NoData
from infra.monitoring.alarm_rows import alarm_rows
from infra.monitoring.metrics import Metrics
from infra.stage import Stage


class Alarms(Construct):
    """`release_alarms` stop a release. They refer to no function or alias, so that those may refer to them."""

    def __init__(self, scope: Construct, stage: Stage, metrics: Metrics, groups: Iterable[Group]) -> None:
        super().__init__(scope, "Alarms")
        self._stage = stage
        self._metrics = metrics
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        self._let_alarms_publish()
        if stage.alarm_email:
            self.topic.add_subscription(EmailSubscription(stage.alarm_email))
        rows = [row for row in alarm_rows(groups) if stage.metric_math or row.expression is None]
        self.alarms = {row.name: self._alarm(row) for row in rows}
        self.release_alarms = [self.alarms[row.name] for row in rows if row.release]

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

    def _alarm(self, row: AlarmRow) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            row.name,
            alarm_name=f"tallybook-{self._stage.name}-{row.name}",
            alarm_description=f"{row.why} What to do: {row.runbook}",
            metric=self._metric(row),
            threshold=row.threshold,
            comparison_operator=_OPERATORS[row.below],
            evaluation_periods=row.periods,
            datapoints_to_alarm=row.breaches,
            treat_missing_data=_NO_DATA[row.no_data],
        )
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm

    def _metric(self, row: AlarmRow) -> cloudwatch.IMetric:
        period = Duration.minutes(row.minutes)
        metrics = {key: self._metrics.of(watched, period) for key, watched in row.watched.items()}
        if row.expression is None:
            (metric,) = metrics.values()
            return metric
        return cloudwatch.MathExpression(
            expression=row.expression, using_metrics=metrics, period=period, label=row.name
        )


_OPERATORS = {
    False: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    True: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
}
_NO_DATA: Mapping[NoData, TreatMissingData] = {
    "fine": TreatMissingData.NOT_BREACHING,
    "breaching": TreatMissingData.BREACHING,
    "unchanged": TreatMissingData.IGNORE,
}
