"""The queue's messages are done once all they hold is counted; anything else comes back, message by message."""

from typing import Any

import pytest

from tests.support.call import LambdaContext
from tests.support.house import House
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json
from usage_queue.app import handler


def deliver(house: House, *bodies: Any) -> list[int]:
    """The places of the messages that failed."""
    records = [
        {
            "messageId": str(place),
            "receiptHandle": "handle",
            "body": body if isinstance(body, str) else as_json(body).decode(),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "md5OfBody": "",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:usage",
            "awsRegion": "eu-west-1",
        }
        for place, body in enumerate(bodies)
    ]
    answer = handler({"Records": records}, LambdaContext())
    check_invariants(house)
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def counted(house: House) -> int:
    return len([item for item in house.stored("usage") if item["sk"] == "EVENT"])


def test_a_message_holds_one_event_or_many_and_may_be_delivered_twice(house: House) -> None:
    member = house.member()
    one, many = house.event(member), [house.event(member) for _ in range(3)]
    assert deliver(house, one, many) == []
    assert deliver(house, many, one) == []
    assert counted(house) == 4


@pytest.mark.parametrize(
    "bad", ["not json", "[]", '"text"', "{}"], ids=["no JSON", "no events", "no object", "an empty object"]
)
def test_a_message_that_cannot_be_read_fails_alone(house: House, bad: str) -> None:
    member = house.member()
    assert deliver(house, house.event(member), bad, house.event(member)) == [1]
    assert counted(house) == 2


def test_a_message_with_one_refused_event_comes_back_and_its_others_count_once(house: House) -> None:
    member = house.member()
    mixed = [house.event(member), house.event(member, meter="kilowatts")]
    assert deliver(house, mixed) == deliver(house, mixed) == [0]
    assert counted(house) == 1


def test_a_conflict_comes_back_rather_than_be_dropped(house: House) -> None:
    member = house.member()
    event = house.event(member)
    assert deliver(house, event) == []
    assert deliver(house, {**event, "source": event["source"], "data": {**event["data"], "quantity": 1}}) == [0]
    assert counted(house) == 1


def test_a_defect_fails_its_message_and_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    import usage_queue.app as queue

    real, member = queue.record_usage, house.member()
    broken = house.event(member)

    def fail_for_one(ctx: Any, submitted: Any, accounts: Any) -> Any:
        if submitted[0].id == broken["id"]:
            raise RuntimeError("a defect")
        return real(ctx, submitted, accounts)

    monkeypatch.setattr(queue, "record_usage", fail_for_one)
    assert deliver(house, house.event(member), broken, house.event(member)) == [1]
    assert counted(house) == 2
