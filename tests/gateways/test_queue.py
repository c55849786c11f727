"""Messages sent by a real client, to a recording service on loopback and to moto."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tallybook.gateways.queue import Queue
from tests.gateways.aws import Service, service

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/work"


@pytest.fixture
def sqs() -> Iterator[Service]:
    with service({"Successful": [], "Failed": []}) as aws:
        yield aws


def test_all_messages_go_in_one_call(sqs: Service) -> None:
    assert Queue(sqs.client("sqs"), URL).send(["one", "two"]) == []
    entries = [{"Id": "0", "MessageBody": "one"}, {"Id": "1", "MessageBody": "two"}]
    assert sqs.requests == [{"QueueUrl": URL, "Entries": entries}]


def test_received_messages_are_postponed_in_one_call(sqs: Service) -> None:
    sqs.answers.append((200, None, {"Successful": [], "Failed": [{"Id": "1", "Code": "ReceiptHandleIsInvalid"}]}))
    assert Queue(sqs.client("sqs"), URL).postpone([("a", 30), ("b", 120)]) == ["ReceiptHandleIsInvalid"]
    entries = [
        {"Id": "0", "ReceiptHandle": "a", "VisibilityTimeout": 30},
        {"Id": "1", "ReceiptHandle": "b", "VisibilityTimeout": 120},
    ]
    assert sqs.requests == [{"QueueUrl": URL, "Entries": entries}]


def test_each_rejected_message_is_returned_as_its_code(sqs: Service) -> None:
    failed = [{"Id": "1", "SenderFault": False, "Code": "InternalError", "Message": "sorry"}]
    sqs.answers.append((200, None, {"Successful": [], "Failed": failed}))
    assert Queue(sqs.client("sqs"), URL).send(["one", "two", "three"]) == ["InternalError"]


def test_a_refused_call_rejects_every_message(sqs: Service) -> None:
    sqs.fail(400, "AccessDeniedException")
    assert Queue(sqs.client("sqs"), URL).send(["one", "two"]) == ["AccessDeniedException"] * 2


@pytest.mark.parametrize("answer", [(0, None, {}), (200, None, None)], ids=["hung up", "timed out"])
def test_a_lost_answer_counts_as_every_message_rejected(sqs: Service, answer: Any) -> None:
    sqs.answers.append(answer)
    assert len(Queue(sqs.client("sqs"), URL).send(["one", "two"])) == 2


def test_a_refused_or_lost_call_postpones_no_message(sqs: Service) -> None:
    sqs.fail(400, "AccessDeniedException")
    sqs.answers.append((0, None, {}))
    queue = Queue(sqs.client("sqs"), URL)
    assert queue.postpone([("a", 30), ("b", 120)]) == ["AccessDeniedException"] * 2
    assert len(queue.postpone([("a", 30), ("b", 120)])) == 2


def test_every_call_goes_through_the_interceptor(sqs: Service) -> None:
    operations = []

    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        operations.append(operation)
        return call()

    Queue(sqs.client("sqs"), URL, interceptor).send(["one"])
    assert operations == ["send_message_batch"]


def test_moto_stores_the_messages_and_refuses_an_unknown_queue() -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        client = boto3.client("sqs")
        url = client.create_queue(QueueName="work")["QueueUrl"]
        bodies = [f"task {number}" for number in range(10)]
        assert Queue(client, url).send(bodies) == []
        received = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert sorted(message["Body"] for message in received) == sorted(bodies)
        assert len(Queue(client, f"{url}-gone").send(["one"])) == 1
