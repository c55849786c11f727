"""A message is tried five times, and a part of a batch fails alone."""

from infra.groups import GROUPS
from tests.support.template import Synthesized, written


def test_a_message_is_given_up_after_five_tries_and_kept_for_two_weeks(production: Synthesized) -> None:
    queues = production.resources("SQS::Queue")
    (dead,) = [key for key in queues if "Dead" in key]
    (main,) = [queue["Properties"] for key, queue in queues.items() if "Main" in key]
    assert main["RedrivePolicy"] == {"deadLetterTargetArn": {"Fn::GetAtt": [dead, "Arn"]}, "maxReceiveCount": 5}
    assert queues[dead]["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    (group,) = [group for group in GROUPS if group.queue]
    assert main["VisibilityTimeout"] == 6 * group.timeout


def test_a_batch_fails_message_by_message(production: Synthesized) -> None:
    sources = production.properties("Lambda::EventSourceMapping")
    (source,) = [source for source in sources if written(source["EventSourceArn"]) == "UsageMessagesMain.Arn"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
