"""CloudWatch metrics of a stage's resources, with the dimensions under which AWS publishes them."""

from collections.abc import Iterable, Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.edge.api import Api
from infra.function import Function
from infra.monitoring.alarm_row import Owner, Watched
from infra.stage import Stage
from infra.tables import WORK_INDEX, Tables
from infra.triggers import Triggers


class Metrics:
    """Finds the dimensions of what emits a metric. A function's are those of the alias that is called."""

    def __init__(
        self,
        stage: Stage,
        *,
        api: Api,
        tables: Tables,
        triggers: Triggers,
        functions: Iterable[Function],
    ) -> None:
        self._dimensions: dict[tuple[Owner, str], Mapping[str, str]] = {
            ("account", ""): {},
            ("api", ""): {"ApiId": api.http.api_id},
            ("undelivered", ""): {"QueueName": triggers.undelivered.queue.queue_name},
            ("table", "core"): {"TableName": tables.core.table_name},
            ("table", WORK_INDEX): {"TableName": tables.core.table_name, "GlobalSecondaryIndexName": WORK_INDEX},
            ("table", "usage"): {"TableName": tables.usage.table_name},
        }
        for name, queue in triggers.queues.items():
            self._dimensions["queue", name] = {"QueueName": queue.main.queue_name}
            self._dimensions["dead", name] = {"QueueName": queue.dead.queue_name}
        for schedule in triggers.schedules:
            self._dimensions["rule", schedule.function.group.name] = {"RuleName": schedule.rule.rule_name}
        for function in functions:
            name = function.group.name
            self._dimensions["function", name] = function.entry.metric("Errors").dimensions or {}
            self._dimensions["product", name] = {"service": name, "stage": stage.name}

    def of(self, watched: Watched, period: Duration, *, label: str | None = None) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=watched.namespace,
            metric_name=watched.metric,
            dimensions_map=self._dimensions[watched.owner, watched.name],
            statistic=watched.statistic,
            period=period,
            label=label,
        )
