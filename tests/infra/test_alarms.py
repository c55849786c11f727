"""Failures that no caller sees raise an alarm, and the alarm reaches its topic."""

import pytest

from infra.groups import GROUPS
from tallybook.domain.jobs import camel_case
from tests.support.template import Properties, Synthesized, format_value

TEN_MINUTES = 10 * 60 * 1000


def test_there_is_an_alarm_for_each_watched_metric_and_no_other(production: Synthesized) -> None:
    unanswered = [group.name for group in GROUPS if not group.paths]
    assert unanswered == ["usage_queue", "invoicing", "usage_check", "outbox", "mail_feedback", "archive"]
    assert sorted(_watched(production)) == sorted(
        [
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "UsageMessagesDead.QueueName"),
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "InvoicingMessagesDead.QueueName"),
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "UsageCheckMessagesDead.QueueName"),
            ("AWS/ApiGateway", "5xx", "ApiHttp"),
            ("AWS/Lambda", "IteratorAge", "OutboxFunction"),
            ("AWS/Lambda", "IteratorAge", "UsageCheckFunction"),
            ("Tallybook", "OutboxParked", "outbox"),
            ("Tallybook", "InvoicingLate", "invoicing"),
            ("Tallybook", "UsageCheckLate", "usage_check"),
            *(("AWS/Lambda", "Errors", f"{camel_case(name)}Function") for name in unanswered),
        ]
    )


def test_alarms_start_at_the_first_failure_or_at_ten_minutes_of_stream_lag(production: Synthesized) -> None:
    for (_, metric, _), alarm in _watched(production).items():
        assert alarm["Threshold"] == (TEN_MINUTES if metric == "IteratorAge" else 1)
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (300, 1)
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("metric", "statistic"),
    [("OutboxParked", "Sum"), ("InvoicingLate", "Sum"), ("Errors", "Sum"), ("IteratorAge", "Maximum")],
)
def test_an_alarm_sums_failures_or_takes_the_maximum_age(metric: str, statistic: str, production: Synthesized) -> None:
    statistics = {alarm["Statistic"] for (_, name, _), alarm in _watched(production).items() if name == metric}
    assert statistics == {statistic}


@pytest.mark.parametrize(
    ("metric", "service"),
    [("OutboxParked", "outbox"), ("InvoicingLate", "invoicing"), ("UsageCheckLate", "usage_check")],
)
def test_some_metrics_come_from_the_function_itself(metric: str, service: str, production: Synthesized) -> None:
    (alarm,) = [alarm for (_, name, _), alarm in _watched(production).items() if name == metric]
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": service},
        {"Name": "stage", "Value": "production"},
    ]


def test_a_stream_alarms_name_has_its_function(production: Synthesized) -> None:
    late = [name for name, alarm in production.resources("CloudWatch::Alarm").items() if "IteratorAge" in str(alarm)]
    assert sorted(format_value({"Ref": name}) for name in late) == [
        "AlarmsOutboxStreamLate",
        "AlarmsUsageCheckStreamLate",
    ]


def test_an_alarm_may_reach_its_topic(production: Synthesized) -> None:
    assert {format_value(alarm["AlarmActions"][0]) for alarm in _watched(production).values()} == {"AlarmsTopic"}
    (policy,) = [p for p in production.properties("SNS::TopicPolicy") if format_value(p["Topics"][0]) == "AlarmsTopic"]
    (allowed,) = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, "sns:Publish")
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def _watched(stage: Synthesized) -> dict[tuple[str, str, str], Properties]:
    """(namespace, metric, owner) -> the alarm on it."""
    return {
        (alarm["Namespace"], alarm["MetricName"], format_value(alarm["Dimensions"][0]["Value"])): alarm
        for alarm in stage.properties("CloudWatch::Alarm")
    }
