"""Messages put on a queue by a real client, before a service on loopback that keeps its requests, and before moto's."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tallybook.gateways.queue import Queue
from tests.gateways.aws import Service, service

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/work"


@pytest.fixture
def sqs() -> Iterator[Service]:
    with service({"Successful": [], "Failed": []}) as it:
        yield it


def test_all_messages_go_in_one_call(sqs: Service) -> None:
    assert Queue(sqs.client("sqs"), URL).send(["one", "two"]) == []
    entries = [{"Id": "0", "MessageBody": "one"}, {"Id": "1", "MessageBody": "two"}]
    assert sqs.requests == [{"QueueUrl": URL, "Entries": entries}]


def test_each_message_that_was_not_taken_is_told_with_its_reason(sqs: Service) -> None:
    failed = [{"Id": "1", "SenderFault": False, "Code": "InternalError", "Message": "sorry"}]
    sqs.answers.append((200, None, {"Successful": [], "Failed": failed}))
    assert Queue(sqs.client("sqs"), URL).send(["one", "two", "three"]) == ["InternalError"]


def test_a_call_that_was_refused_took_none(sqs: Service) -> None:
    sqs.fail(400, "AccessDeniedException")
    assert Queue(sqs.client("sqs"), URL).send(["one", "two"]) == ["AccessDeniedException"] * 2


@pytest.mark.parametrize("answer", [(0, None, {}), (200, None, None)], ids=["hung up", "timed out"])
def test_an_answer_that_was_lost_is_as_none_taken(sqs: Service, answer: Any) -> None:
    sqs.answers.append(answer)
    assert len(Queue(sqs.client("sqs"), URL).send(["one", "two"])) == 2


def test_every_call_goes_through_the_port(sqs: Service) -> None:
    passed = []

    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        passed.append(operation)
        return call()

    Queue(sqs.client("sqs"), URL, interceptor).send(["one"])
    assert passed == ["send_message_batch"]


def test_the_queue_holds_what_was_sent_and_a_queue_there_is_not_takes_none() -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        client = boto3.client("sqs")
        url = client.create_queue(QueueName="work")["QueueUrl"]
        bodies = [f"task {number}" for number in range(10)]
        assert Queue(client, url).send(bodies) == []
        held = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert sorted(message["Body"] for message in held) == sorted(bodies)
        assert len(Queue(client, f"{url}-gone").send(["one"])) == 1
