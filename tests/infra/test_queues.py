"""A message is tried five times, a part of a batch fails alone, and what is given up raises an alarm."""

from infra.groups import GROUPS
from tests.support.template import Synthesized


def test_a_message_is_given_up_after_five_tries_and_kept_for_two_weeks(production: Synthesized) -> None:
    queues = production.resources("SQS::Queue")
    (dead,) = [key for key in queues if "Dead" in key]
    (main,) = [queue["Properties"] for key, queue in queues.items() if "Main" in key]
    assert main["RedrivePolicy"] == {"deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]}, "maxReceiveCount": 5}
    assert queues[dead]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    (group,) = [group for group in GROUPS if group.queue]
    assert main["VisibilityTimeout"] == 6 * group.timeout


def test_a_batch_fails_message_by_message(production: Synthesized) -> None:
    (source,) = production.properties("Lambda::EventSourceMapping")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_given_up_messages_and_server_errors_raise_alarms(production: Synthesized) -> None:
    alarms = {alarm["MetricName"]: alarm for alarm in production.properties("CloudWatch::Alarm")}
    assert set(alarms) == {"ApproximateNumberOfMessagesVisible", "5xx"}
    watched = alarms["ApproximateNumberOfMessagesVisible"]["Dimensions"][0]["Value"]["Fn::GetAtt"]
    assert "Dead" in watched[0]
    assert all(alarm["AlarmActions"] and alarm["Threshold"] == 1 for alarm in alarms.values())
