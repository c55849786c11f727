"""The alarms of a stage: what each watches, when it starts, and why it matters.

alarms.py makes them, dashboard.py shows them, and docs/runbooks/ has a page for each. Each evaluated metric costs
$0.10 a month, so causes that show in the same effect share an alarm (docs/alarms.md, "What notices what").
"""

from collections.abc import Iterable, Mapping

from infra.groups import GROUPS, Group
from infra.monitoring.alarm_row import AlarmRow, Owner, Watched
from tallybook.domain.jobs import camel_case

MOST_METRICS = 25
"""What all alarms of a stage may evaluate: its idle cost stays under $2 a month (tests/infra/test_idle_cost.py)."""


def alarm_rows(groups: Iterable[Group] = GROUPS) -> tuple[AlarmRow, ...]:
    """All alarms; those on queues, schedules and streams follow from the table of functions."""
    rows = [*_API, *_LIMITS, *_MAIL, *_WORK]
    for group in groups:
        rows += _rows_of(group)
    return tuple(rows)


def _rows_of(group: Group) -> list[AlarmRow]:
    rows = []
    name = camel_case(group.name)
    if group.queue:
        rows.append(
            AlarmRow(
                name=f"{camel_case(group.queue)}GivenUp",
                page="given-up-messages",
                why=f"Messages of the queue {group.queue} failed too often and are not tried again.",
                watched=_one(_depth("dead", group.queue)),
            )
        )
    if group.every_minutes:
        rows.append(
            AlarmRow(
                name=f"{name}Silent",
                page="silent-job",
                why=f"The schedule of {group.name} has stopped calling it.",
                watched=_one(Watched("AWS/Events", "Invocations", "rule", group.name)),
                below=True,
                minutes=max(15, 2 * group.every_minutes),
                no_data="breaching",
            )
        )
    if group.stream:
        rows.append(
            AlarmRow(
                name=f"{name}StreamLate",
                page="late-stream",
                why=f"{group.name} is more than 10 minutes behind what was stored.",
                watched=_one(Watched("AWS/Lambda", "IteratorAge", "function", group.name, "Maximum")),
                threshold=10 * 60 * 1000,
            )
        )
    return rows


def _one(watched: Watched) -> Mapping[str, Watched]:
    return {"value": watched}


def _depth(owner: Owner, name: str = "") -> Watched:
    return Watched("AWS/SQS", "ApproximateNumberOfMessagesVisible", owner, name, "Maximum")


def _emitted(metric: str, service: str) -> Mapping[str, Watched]:
    return _one(Watched("Tallybook", metric, "product", service, "Maximum"))


_API = (
    AlarmRow(
        name="ServerErrors",
        page="server-errors",
        why="At least 10 requests in 5 minutes, or 5 % of them, were answered with a 5xx.",
        watched={
            "failed": Watched("AWS/ApiGateway", "5xx", "api"),
            "requests": Watched("AWS/ApiGateway", "Count", "api"),
        },
        expression="IF((failed >= 10) OR (failed * 20 >= requests), failed, 0)",
        release=True,
    ),
    AlarmRow(
        name="SlowAnswers",
        page="slow-answers",
        why="1 % of the requests take 10 s or more; functions stop at 20 s, the gateway at 30 s.",
        watched=_one(Watched("AWS/ApiGateway", "Latency", "api", statistic="p99")),
        threshold=10_000,
        breaches=2,
        periods=3,
        release=True,
    ),
)

_LIMITS = (
    AlarmRow(
        name="FunctionsThrottled",
        page="throttled-functions",
        why="AWS refused to start functions: the account's limit of parallel calls is reached.",
        # Over all functions of the account and region, which share that limit, also those of other stages.
        watched=_one(Watched("AWS/Lambda", "Throttles", "account")),
        breaches=2,
        periods=3,
    ),
    AlarmRow(
        name="CoreThrottled",
        page="throttled-tables",
        why="DynamoDB refuses writes to the table core; they are retried for 6 s, then answered with 503.",
        watched=_one(Watched("AWS/DynamoDB", "WriteThrottleEvents", "table", "core")),
        threshold=10,
        breaches=2,
        periods=3,
    ),
    AlarmRow(
        name="UsageThrottled",
        page="throttled-tables",
        why="DynamoDB refuses writes to the table usage; usage is retried, then answered with 503 or queued again.",
        watched=_one(Watched("AWS/DynamoDB", "WriteThrottleEvents", "table", "usage")),
        threshold=10,
        breaches=2,
        periods=3,
    ),
)

_MAIL = (
    AlarmRow(
        name="MailBounces",
        page="mail-reputation",
        why="5 % of the account's mails bounce: SES reviews the account, and at 10 % stops its mail.",
        watched=_one(Watched("AWS/SES", "Reputation.BounceRate", "account", statistic="Maximum")),
        threshold=0.05,
        minutes=60,
        no_data="unchanged",
    ),
    AlarmRow(
        name="MailComplaints",
        page="mail-reputation",
        why="0.1 % of the account's mails are reported as spam: SES reviews the account, and at 0.5 % stops its mail.",
        watched=_one(Watched("AWS/SES", "Reputation.ComplaintRate", "account", statistic="Maximum")),
        threshold=0.001,
        minutes=60,
        no_data="unchanged",
    ),
    AlarmRow(
        name="OutboxPostponed",
        page="outbox",
        why="For 15 minutes, mails or events have failed and wait for another attempt.",
        watched=_emitted("OutboxPostponed", "outbox"),
        breaches=3,
        periods=3,
    ),
    AlarmRow(
        name="OutboxOld",
        page="outbox",
        why="A mail or event has waited for more than 30 minutes.",
        watched=_emitted("OutboxOldestSeconds", "outbox"),
        threshold=30 * 60,
        breaches=2,
        periods=3,
    ),
    AlarmRow(
        name="OutboxParked",
        page="outbox",
        why="A mail or event failed too often, or was refused for good, and is not tried again.",
        watched=_emitted("OutboxParked", "outbox"),
        minutes=60,
    ),
)

_WORK = (
    AlarmRow(
        name="Undelivered",
        page="undelivered",
        why="A scheduled call or a notification of a bounce failed in all its tries, or could not be delivered.",
        watched=_one(_depth("undelivered")),
    ),
    AlarmRow(
        name="UsageWaiting",
        page="waiting-usage",
        why="A message with usage has waited for more than 15 minutes to be counted.",
        watched=_one(Watched("AWS/SQS", "ApproximateAgeOfOldestMessage", "queue", "usage", "Maximum")),
        threshold=15 * 60,
    ),
    AlarmRow(
        name="InvoicesNotIssued",
        page="late-invoices",
        why="Periods ended more than 2 hours ago and are not closed: their customers have no invoice.",
        watched=_emitted("InvoicesNotIssued", "invoicing"),
        minutes=60,
        periods=2,  # it is emitted once an hour
    ),
    AlarmRow(
        name="InvoicingLate",
        page="late-invoices",
        why="Work of invoicing was due before the previous hourly call and is still not done.",
        watched=_emitted("InvoicingLate", "invoicing"),
        minutes=60,
        periods=2,
    ),
    AlarmRow(
        name="UsageCheckLate",
        page="late-usage-checks",
        why="For 10 minutes, budgets, quotas or timeouts of sessions have not been checked in time.",
        watched=_emitted("UsageCheckLate", "usage_check"),
        breaches=2,
        periods=3,
    ),
)
