"""What nobody is answered about raises an alarm, and the alarm reaches its topic."""

import pytest

from infra.groups import GROUPS
from tallybook.domain.jobs import camel_case
from tests.support.template import Properties, Synthesized, format_value

TEN_MINUTES = 10 * 60 * 1000


def test_there_is_an_alarm_for_each_thing_to_look_at_and_no_other(production: Synthesized) -> None:
    unanswered = [group.name for group in GROUPS if not group.paths]
    assert unanswered == ["usage_queue", "invoicing", "usage_check", "outbox", "mail_feedback"]
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


def test_each_is_raised_by_the_first_but_the_stream_s_by_ten_minutes(production: Synthesized) -> None:
    for (_, metric, _), alarm in _watched(production).items():
        assert alarm["Threshold"] == (TEN_MINUTES if metric == "IteratorAge" else 1)
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (300, 1)
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("metric", "statistic"),
    [("OutboxParked", "Sum"), ("InvoicingLate", "Sum"), ("Errors", "Sum"), ("IteratorAge", "Maximum")],
)
def test_it_counts_what_failed_and_looks_at_the_oldest(metric: str, statistic: str, production: Synthesized) -> None:
    statistics = {alarm["Statistic"] for (_, name, _), alarm in _watched(production).items() if name == metric}
    assert statistics == {statistic}


@pytest.mark.parametrize(
    ("metric", "service"),
    [("OutboxParked", "outbox"), ("InvoicingLate", "invoicing"), ("UsageCheckLate", "usage_check")],
)
def test_some_metrics_are_told_by_the_function_itself(metric: str, service: str, production: Synthesized) -> None:
    (alarm,) = [alarm for (_, name, _), alarm in _watched(production).items() if name == metric]
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": service},
        {"Name": "stage", "Value": "production"},
    ]


def test_whose_stream_is_late_is_in_the_alarms_name(production: Synthesized) -> None:
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
    """Namespace, metric and whose -> the alarm on it."""
    return {
        (alarm["Namespace"], alarm["MetricName"], format_value(alarm["Dimensions"][0]["Value"])): alarm
        for alarm in stage.properties("CloudWatch::Alarm")
    }
