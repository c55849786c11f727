"""Each row of the table of alarms is an alarm that reaches the operator, also when it ends."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.groups import GROUPS
from infra.monitoring.alarm_row import AlarmRow
from infra.monitoring.alarm_rows import MOST_METRICS, alarm_rows
from infra.stage import Stage
from tallybook.domain.jobs import camel_case
from tests.infra.settings import WITH_SETTINGS
from tests.support.template import Properties, Synthesized, format_value

ROWS = {row.name: row for row in alarm_rows()}
each_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)

SQS_DEPTH, SQS_AGE = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"


def test_there_is_an_alarm_for_each_row_and_no_other(production: Synthesized) -> None:
    assert sorted(_alarms(production)) == sorted(ROWS)


def test_the_local_stage_has_no_alarm_on_two_metrics_or_the_archive(on_this_computer: Synthesized) -> None:
    assert set(ROWS) - set(_alarms(on_this_computer)) == {"ServerErrors", "ArchiveSilent"}
    assert {name for name, row in ROWS.items() if row.expression} == {"ServerErrors"}


def test_the_watched_metrics_are_these(production: Synthesized) -> None:
    watched = {(metric["MetricName"], *_owner(metric)) for metric in _watched(production)}
    assert watched == {
        ("5xx", "ApiHttp"),
        ("Count", "ApiHttp"),
        ("Latency", "ApiHttp"),
        ("Throttles",),
        ("WriteThrottleEvents", "TablesCore"),
        ("WriteThrottleEvents", "TablesUsage"),
        ("Reputation.BounceRate",),
        ("Reputation.ComplaintRate",),
        *((metric, "outbox", "production") for metric in ("OutboxPostponed", "OutboxOldestSeconds", "OutboxParked")),
        *((metric, "invoicing", "production") for metric in ("InvoicesNotIssued", "InvoicingLate")),
        ("UsageCheckLate", "usage_check", "production"),
        (SQS_DEPTH, "UndeliveredQueue.QueueName"),
        (SQS_AGE, "UsageMessagesMain.QueueName"),
        *((SQS_DEPTH, f"{name}MessagesDead.QueueName") for name in ("Usage", "Invoicing", "UsageCheck")),
        *(("Invocations", f"{name}ScheduleRule") for name in ("Invoicing", "UsageCheck", "Outbox", "Archive")),
        *(("IteratorAge", f"{name}Function") for name in ("UsageCheck", "Outbox")),
    }


def test_alarms_evaluate_no_more_metrics_than_the_stage_may_cost(production: Synthesized) -> None:
    assert len(list(_watched(production))) <= MOST_METRICS


@each_row
def test_an_alarm_starts_as_its_row_says(row: AlarmRow, production: Synthesized) -> None:
    alarm = _alarms(production)[row.name]
    assert alarm["Threshold"] == row.threshold
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (row.periods, row.breaches)
    below, above = "LessThanThreshold", "GreaterThanOrEqualToThreshold"
    assert alarm["ComparisonOperator"] == (below if row.below else above)
    no_data = {"fine": "notBreaching", "breaching": "breaching", "unchanged": "ignore"}
    assert alarm["TreatMissingData"] == no_data[row.no_data]
    assert {metric["Period"] for metric in _metrics_of(alarm)} == {60 * row.minutes}
    assert row.breaches <= row.periods


@each_row
def test_an_alarm_notifies_the_topic_when_it_starts_and_when_it_ends(row: AlarmRow, production: Synthesized) -> None:
    alarm = _alarms(production)[row.name]
    for actions in (alarm["AlarmActions"], alarm["OKActions"]):
        assert [format_value(action) for action in actions] == ["AlarmsTopic"]


@each_row
def test_an_alarm_says_what_is_wrong_and_where_its_runbook_is(row: AlarmRow, production: Synthesized) -> None:
    description = _alarms(production)[row.name]["AlarmDescription"]
    assert description.startswith(row.why)
    assert description.endswith(f"docs/runbooks/{row.page}.md")


def test_an_alarm_may_reach_its_topic(production: Synthesized) -> None:
    (policy,) = [p for p in production.properties("SNS::TopicPolicy") if format_value(p["Topics"][0]) == "AlarmsTopic"]
    (allowed,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_alarm_address_of_the_stage_gets_what_the_topic_gets(synthesize: Callable[[Stage], Synthesized]) -> None:
    stage = synthesize(WITH_SETTINGS)
    (subscription,) = [one for one in stage.properties("SNS::Subscription") if one["Protocol"] == "email"]
    assert subscription["Endpoint"] == "oncall@example.org"
    assert format_value(subscription["TopicArn"]) == "AlarmsTopic"


def test_each_schedule_is_watched_for_silence_and_no_data_is_silence() -> None:
    silent = {row.name: (row.minutes, row.no_data, row.below) for row in ROWS.values() if row.name.endswith("Silent")}
    assert silent == {
        f"{camel_case(group.name)}Silent": (120 if group.every_minutes == 60 else 15, "breaching", True)
        for group in GROUPS
        if group.every_minutes
    }


def test_messages_of_each_queue_are_watched_while_they_wait() -> None:
    """Those of a job are found in the index of due work, which each scheduled call compares with the clock."""
    for group in GROUPS:
        if group.queue:
            assert f"{camel_case(group.queue)}{'Late' if group.sends else 'Waiting'}" in ROWS
            assert f"{camel_case(group.queue)}GivenUp" in ROWS


def test_a_failed_asynchronous_call_alarms_only_after_its_last_try() -> None:
    """One slow or failed start of a job pages nobody: Lambda repeats the call. A call that failed for good does."""
    assert "Errors" not in {watched.metric for row in ROWS.values() for watched in row.watched.values()}
    assert (ROWS["Undelivered"].threshold, ROWS["Undelivered"].minutes, ROWS["Undelivered"].breaches) == (1, 5, 1)


def test_what_is_emitted_once_an_hour_alarms_without_a_break() -> None:
    for name in ("InvoicesNotIssued", "InvoicingLate"):
        assert (ROWS[name].minutes, ROWS[name].breaches, ROWS[name].periods) == (60, 1, 2)


def test_alarms_that_stop_a_release_end_by_themselves_and_name_no_function(production: Synthesized) -> None:
    release = {name: alarm for name, alarm in _alarms(production).items() if ROWS[name].release}
    assert sorted(release) == ["ServerErrors", "SlowAnswers"]
    assert "Function" not in str(release)
    assert all(ROWS[name].no_data == "fine" for name in release)


def _alarms(stage: Synthesized) -> dict[str, Properties]:
    """The name in the table -> the alarm."""
    prefix = f"tallybook-{stage.stage.name}-"
    return {alarm["AlarmName"].removeprefix(prefix): alarm for alarm in stage.properties("CloudWatch::Alarm")}


def _watched(stage: Synthesized) -> Iterator[dict[str, Any]]:
    """What AWS bills: each metric of each alarm."""
    return (metric for alarm in stage.properties("CloudWatch::Alarm") for metric in _metrics_of(alarm))


def _metrics_of(alarm: Properties) -> list[dict[str, Any]]:
    """The metrics that the alarm evaluates, each with MetricName, Dimensions and Period."""
    if "Metrics" not in alarm:
        return [dict(alarm)]
    stats = [metric["MetricStat"] for metric in alarm["Metrics"] if "MetricStat" in metric]
    return [{**stat["Metric"], "Period": stat["Period"]} for stat in stats]


def _owner(metric: dict[str, Any]) -> list[str]:
    """The values of its dimensions; of a function's alias, only the function's."""
    dimensions = metric.get("Dimensions", [])
    return [format_value(one["Value"]) for one in dimensions if one["Name"] != "Resource"]
