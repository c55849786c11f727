"""Events put on the bus by a real client, before a service on loopback that keeps its requests, and before moto's."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from tallybook.gateways.bus import Bus, BusError, Published
from tests.gateways.aws import Service, service

AT = datetime(2026, 4, 27, 12, 34, 56, tzinfo=UTC)
TAKEN = {"EventId": "e"}


@pytest.fixture
def events() -> Iterator[Service]:
    with service({"FailedEntryCount": 0, "Entries": [TAKEN]}) as it:
        yield it


def several(count: int) -> list[Published]:
    return [Published("account.suspended", {"id": f"e{number}"}, AT) for number in range(count)]


def ids(events: Service) -> list[list[str]]:
    """The ids in each call so far."""
    return [[json.loads(entry["Detail"])["id"] for entry in request["Entries"]] for request in events.requests]


def test_an_event_says_what_happened_where_and_when(events: Service) -> None:
    Bus(events.client("events"), "house").publish([Published("UserInvited", {"id": "e1", "name": "Łukasz"}, AT)])
    [request] = events.requests
    [entry] = request["Entries"]
    assert json.loads(entry.pop("Detail")) == {"id": "e1", "name": "Łukasz"}
    assert entry == {
        "EventBusName": "house",
        "Source": "tallybook",
        "DetailType": "UserInvited",
        "Time": AT.timestamp(),
    }


def test_ten_go_in_one_call_and_all_in_order(events: Service) -> None:
    Bus(events.client("events"), "house").publish(several(21))
    assert [len(call) for call in ids(events)] == [10, 10, 1]
    assert list(chain.from_iterable(ids(events))) == [f"e{number}" for number in range(21)]


def test_nothing_to_tell_is_no_call(events: Service) -> None:
    Bus(events.client("events"), "house").publish([])
    assert events.requests == []


def test_what_was_not_taken_is_counted_with_its_reasons(events: Service) -> None:
    no = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
    lost = {"ErrorCode": "InternalFailure", "ErrorMessage": "sorry"}
    events.answers.append((200, None, {"FailedEntryCount": 3, "Entries": [TAKEN, no, TAKEN, lost, no]}))
    with pytest.raises(BusError) as failed:
        Bus(events.client("events"), "house").publish(several(5))
    assert (failed.value.count, failed.value.codes) == (3, ("InternalFailure", "ThrottlingException"))
    assert str(failed.value) == "3 events not taken: InternalFailure, ThrottlingException"


def test_after_a_call_that_failed_none_is_tried(events: Service) -> None:
    events.answers.append((200, None, events.answer))
    events.fail(500, "InternalException")
    with pytest.raises(BusError) as failed:
        Bus(events.client("events"), "house").publish(several(25))
    assert [len(call) for call in ids(events)] == [10, 10]
    assert (failed.value.count, failed.value.codes) == (15, ("InternalException",))


@pytest.mark.parametrize("answer", [(0, None, {}), (200, None, None)], ids=["hung up", "timed out"])
def test_an_answer_that_was_lost_is_a_failure(events: Service, answer: Any) -> None:
    events.answers.append(answer)
    with pytest.raises(BusError):
        Bus(events.client("events"), "house").publish(several(1))


def test_every_call_goes_through_the_port(events: Service) -> None:
    passed = []

    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        passed.append(operation)
        return call()

    Bus(events.client("events"), "house", interceptor).publish(several(11))
    assert passed == ["put_events", "put_events"]


def test_the_bus_takes_its_events_and_a_bus_there_is_not_takes_none() -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        client = boto3.client("events")
        client.create_event_bus(Name="house")
        Bus(client, "house").publish(several(12))
        with pytest.raises(BusError, match="3 events not taken: ResourceNotFoundException"):
            Bus(client, "nowhere").publish(several(3))
