"""A message is received a bounded number of times, and each message of a batch fails alone."""

import json

import pytest

from infra.groups import GROUPS, Group
from tallybook.domain.jobs import camel_case
from tests.support.template import Properties, Synthesized, format_value

each_queue = pytest.mark.parametrize("group", [group for group in GROUPS if group.queue], ids=lambda group: group.name)


def test_there_is_a_queue_for_each_row_with_one_and_one_for_the_undelivered(production: Synthesized) -> None:
    queues = [key[:-8] for key in production.resources("SQS::Queue")]  # without their hash
    names = [f"{camel_case(str(group.queue))}Messages" for group in GROUPS if group.queue]
    assert sorted(queues) == sorted(["UndeliveredQueue", *(name + end for name in names for end in ("Main", "Dead"))])


@each_queue
def test_a_message_is_given_up_after_its_receives_and_kept_for_two_weeks(group: Group, production: Synthesized) -> None:
    dead, main = _queue(group, "Dead", production), _queue(group, "Main", production)
    redrive = main["RedrivePolicy"]
    assert format_value(redrive["deadLetterTargetArn"]) == f"{camel_case(str(group.queue))}MessagesDead.Arn"
    assert redrive["maxReceiveCount"] == group.receives == {"usage": 15}.get(str(group.queue), 5)
    assert main["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert main["VisibilityTimeout"] == 6 * group.timeout


@each_queue
def test_a_batch_fails_message_by_message(group: Group, production: Synthesized) -> None:
    sources = production.properties("Lambda::EventSourceMapping")
    address = f"{camel_case(str(group.queue))}MessagesMain.Arn"
    (source,) = [source for source in sources if format_value(source["EventSourceArn"]) == address]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@each_queue
def test_few_batches_run_at_once_and_no_receive_is_lost_to_a_full_function(
    group: Group, production: Synthesized
) -> None:
    address = f"{camel_case(str(group.queue))}MessagesMain.Arn"
    sources = production.properties("Lambda::EventSourceMapping")
    (source,) = [source for source in sources if format_value(source["EventSourceArn"]) == address]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 10}
    function = production.functions()[group.name]
    assert "ReservedConcurrentExecutions" not in function


def test_each_function_with_a_queue_gets_its_url_and_may_postpone_messages(production: Synthesized) -> None:
    urls = {name: function["Environment"]["Variables"].get("QUEUE_URL") for name, function in _functions(production)}
    assert {name: format_value(url) for name, url in urls.items() if url} == {
        "invoicing": "InvoicingMessagesMain",
        "usage_check": "UsageCheckMessagesMain",
        "usage_queue": "UsageMessagesMain",
    }
    granted = json.dumps(production.properties("IAM::Policy"))
    assert granted.count("sqs:ChangeMessageVisibility") == 3


def _functions(stage: Synthesized) -> list[tuple[str, Properties]]:
    return list(stage.functions().items())


def _queue(group: Group, which: str, stage: Synthesized) -> Properties:
    name = f"{camel_case(str(group.queue))}Messages{which}"
    (queue,) = [queue for key, queue in stage.resources("SQS::Queue").items() if key.startswith(name)]
    properties: Properties = queue["Properties"]
    return properties
