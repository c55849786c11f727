"""Events published by a real client, to a recording service on loopback and to moto."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from tallybook.gateways.bus import Bus, BusError, Published
from tests.gateways.aws import Service, service

AT = datetime(2026, 4, 27, 12, 34, 56, tzinfo=UTC)
ACCEPTED = {"EventId": "e"}


@pytest.fixture
def events() -> Iterator[Service]:
    with service({"FailedEntryCount": 0, "Entries": [ACCEPTED]}) as aws:
        yield aws


def make_events(count: int) -> list[Published]:
    return [Published("account.suspended", {"id": f"e{number}"}, AT) for number in range(count)]


def ids(events: Service) -> list[list[str]]:
    """The event ids of each call so far."""
    return [[json.loads(entry["Detail"])["id"] for entry in request["Entries"]] for request in events.requests]


def test_an_entry_has_detail_bus_source_type_and_time(events: Service) -> None:
    Bus(events.client("events"), "events-bus").publish([Published("UserInvited", {"id": "e1", "name": "Łukasz"}, AT)])
    [request] = events.requests
    [entry] = request["Entries"]
    assert json.loads(entry.pop("Detail")) == {"id": "e1", "name": "Łukasz"}
    assert entry == {
        "EventBusName": "events-bus",
        "Source": "tallybook",
        "DetailType": "UserInvited",
        "Time": AT.timestamp(),
    }


def test_events_are_sent_in_order_ten_per_call(events: Service) -> None:
    Bus(events.client("events"), "events-bus").publish(make_events(21))
    assert [len(call) for call in ids(events)] == [10, 10, 1]
    assert list(chain.from_iterable(ids(events))) == [f"e{number}" for number in range(21)]


def test_no_events_make_no_call(events: Service) -> None:
    Bus(events.client("events"), "events-bus").publish([])
    assert events.requests == []


def test_rejected_entries_are_counted_with_their_codes(events: Service) -> None:
    throttled = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
    lost = {"ErrorCode": "InternalFailure", "ErrorMessage": "sorry"}
    events.answers.append(
        (200, None, {"FailedEntryCount": 3, "Entries": [ACCEPTED, throttled, ACCEPTED, lost, throttled]})
    )
    with pytest.raises(BusError) as failed:
        Bus(events.client("events"), "events-bus").publish(make_events(5))
    assert (failed.value.count, failed.value.codes) == (3, ("InternalFailure", "ThrottlingException"))
    assert str(failed.value) == "3 events not taken: InternalFailure, ThrottlingException"


def test_after_a_failed_call_no_further_call_is_made(events: Service) -> None:
    events.answers.append((200, None, events.answer))
    events.fail(500, "InternalException")
    with pytest.raises(BusError) as failed:
        Bus(events.client("events"), "events-bus").publish(make_events(25))
    assert [len(call) for call in ids(events)] == [10, 10]
    assert (failed.value.count, failed.value.codes) == (15, ("InternalException",))


@pytest.mark.parametrize("answer", [(0, None, {}), (200, None, None)], ids=["hung up", "timed out"])
def test_a_lost_answer_is_a_failure(events: Service, answer: Any) -> None:
    events.answers.append(answer)
    with pytest.raises(BusError):
        Bus(events.client("events"), "events-bus").publish(make_events(1))


def test_every_call_goes_through_the_interceptor(events: Service) -> None:
    operations = []

    def interceptor(operation: str, call: Callable[[], Any]) -> Any:
        operations.append(operation)
        return call()

    Bus(events.client("events"), "events-bus", interceptor).publish(make_events(11))
    assert operations == ["put_events", "put_events"]


def test_moto_accepts_events_for_its_bus_and_none_for_an_unknown_bus() -> None:
    import boto3
    from moto import mock_aws

    with mock_aws():
        client = boto3.client("events")
        client.create_event_bus(Name="events-bus")
        Bus(client, "events-bus").publish(make_events(12))
        with pytest.raises(BusError, match="3 events not taken: ResourceNotFoundException"):
            Bus(client, "nowhere").publish(make_events(3))
