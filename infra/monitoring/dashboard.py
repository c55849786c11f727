"""One dashboard of a stage: what it does for customers, then how its parts are.

Figures about customers are queries of the logs, which cost only when somebody looks. It shows at most 50 metrics: three
such dashboards of an account are free, a larger one costs $3 a month. So throttles and parallel calls are those of all
functions together, like the limits that they meet.
"""

from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch import LogQueryVisualizationType as View
from constructs import Construct

from infra.function import Function
from infra.groups import GROUPS
from infra.monitoring.alarm_row import Watched
from infra.monitoring.log_queries import QUERIES, LogQuery
from infra.monitoring.metrics import Metrics
from infra.stage import Stage

MOST_METRICS = 50
_PERIOD = Duration.minutes(5)
_WIDTH, _HEIGHT = 8, 6

_INTRODUCTION = """\
# Tallybook, {stage}
What to do if an alarm starts: docs/alarms.md, and its page in docs/runbooks/. Figures about customers come from the
logs, which are kept for {days} days."""


class Dashboard(Construct):
    def __init__(self, scope: Construct, stage: Stage, metrics: Metrics, functions: Iterable[Function]) -> None:
        super().__init__(scope, "Dashboard")
        self._metrics = metrics
        self._logs = {one.group.name: one.function.log_group.log_group_name for one in functions}
        introduction = _INTRODUCTION.format(stage=stage.name, days=stage.log_days)
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"tallybook-{stage.name}",
            default_interval=Duration.days(1),
            widgets=[
                [cloudwatch.TextWidget(markdown=introduction, width=24, height=3)],
                [self._query(query) for query in QUERIES],
                [self._graph(title, watched) for title, watched in _GRAPHS],
            ],
        )

    def _query(self, query: LogQuery) -> cloudwatch.LogQueryWidget:
        return cloudwatch.LogQueryWidget(
            title=query.title,
            log_group_names=[self._logs[name] for name in query.functions if name in self._logs],
            query_lines=list(query.lines),
            view=View.TABLE if query.table else View.BAR,
            width=_WIDTH,
            height=_HEIGHT,
        )

    def _graph(self, title: str, shown: Iterable[Watched]) -> cloudwatch.GraphWidget:
        left = [self._metrics.of(watched, _PERIOD, label=_label(watched)) for watched in shown]
        return cloudwatch.GraphWidget(title=title, left=left, width=_WIDTH, height=_HEIGHT)


def _label(watched: Watched) -> str:
    return " ".join(part for part in (watched.name, watched.metric, watched.statistic) if part)


def _api(metric: str, statistic: str = "Sum") -> Watched:
    return Watched("AWS/ApiGateway", metric, "api", statistic=statistic)


def _function(metric: str, statistic: str) -> list[Watched]:
    return [Watched("AWS/Lambda", metric, "function", group.name, statistic) for group in GROUPS if not group.archive]


_QUEUES = [group.queue for group in GROUPS if group.queue]
_DEPTH, _AGE = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"

_GRAPHS: tuple[tuple[str, list[Watched]], ...] = (
    ("API: requests and refusals", [_api("Count"), _api("4xx"), _api("5xx")]),
    ("API: milliseconds", [_api("Latency", "p50"), _api("Latency", "p99")]),
    ("Functions: errors", _function("Errors", "Sum")),
    ("Functions: milliseconds", _function("Duration", "p99")),
    (
        "All functions of the account: parallel calls, throttled calls",
        [
            Watched("AWS/Lambda", "ConcurrentExecutions", "account", statistic="Maximum"),
            Watched("AWS/Lambda", "Throttles", "account"),
        ],
    ),
    (
        "Queues: seconds that the oldest message waits",
        [Watched("AWS/SQS", _AGE, "queue", name, "Maximum") for name in _QUEUES],
    ),
    (
        "Given up: messages and calls",
        [
            *(Watched("AWS/SQS", _DEPTH, "dead", name, "Maximum") for name in _QUEUES),
            Watched("AWS/SQS", _DEPTH, "undelivered", statistic="Maximum"),
        ],
    ),
    (
        "Streams: milliseconds behind",
        [Watched("AWS/Lambda", "IteratorAge", "function", one.name, "Maximum") for one in GROUPS if one.stream],
    ),
    (
        "Outbox: items that failed, seconds that the oldest waits",
        [
            Watched("Tallybook", "OutboxPostponed", "product", "outbox", "Maximum"),
            Watched("Tallybook", "OutboxOldestSeconds", "product", "outbox", "Maximum"),
        ],
    ),
    (
        "Tables: consumed units",
        [
            Watched("AWS/DynamoDB", metric, "table", table)
            for table in ("core", "usage")
            for metric in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
        ],
    ),
    (
        "Tables: throttled",
        [
            Watched("AWS/DynamoDB", metric, "table", table)
            for table in ("core", "work", "usage")
            for metric in ("ReadThrottleEvents", "WriteThrottleEvents")
        ],
    ),
)
