"""Whether alarms reach somebody: the subscription to their topic; and alarms that are in state ALARM."""

from itertools import batched

from tallybook.cli.aws import stack_resources
from tallybook.cli.checks import Finding, Findings, Problem, Site, Status, summed_up

_NAMES_A_CALL = 100


def check_subscription(site: Site) -> Findings:
    for topic in stack_resources("SNS::Topic"):
        if not topic.logical_id.startswith("Alarms"):
            continue
        subscriptions = site.client("sns").list_subscriptions_by_topic(TopicArn=topic.id)["Subscriptions"]
        pending = [found["Endpoint"] for found in subscriptions if not found["SubscriptionArn"].startswith("arn:")]
        problems = []
        if pending:
            to_do = "open the link in AWS's mail to that address"
            problems.append(Problem(f"{', '.join(pending)} has not confirmed, and gets no alarm", to_do))
        if not subscriptions:
            status: Status = "failed" if site.keeps else "warning"
            problems.append(Problem("nobody gets alarms", "set alarm_email of the stage and deploy", status))
        names = ", ".join(found["Endpoint"] for found in subscriptions)
        yield summed_up("alarm subscription", problems, fine=f"alarms go to {names}")


def check_alarms(site: Site) -> Findings:
    names = [alarm.id for alarm in stack_resources("CloudWatch::Alarm")]
    found = [
        alarm
        for some in batched(names, _NAMES_A_CALL, strict=False)
        for alarm in site.client("cloudwatch").describe_alarms(AlarmNames=list(some), MaxRecords=_NAMES_A_CALL)[
            "MetricAlarms"
        ]
    ]
    for alarm in found:
        if alarm["StateValue"] == "ALARM":
            text = alarm.get("AlarmDescription") or alarm["AlarmName"]
            yield Finding("alarm", "failed", text, f"see its runbook; {alarm['AlarmName']} since {_since(alarm)}")
    if all(alarm["StateValue"] != "ALARM" for alarm in found):
        yield Finding("alarms", "ok", f"none of {len(found)} alarms is in ALARM")


def _since(alarm: dict[str, object]) -> str:
    return str(alarm.get("StateUpdatedTimestamp", "an unknown time"))
