"""Events are read from a request in each mode of CloudEvents' HTTP binding; a request without any is refused."""

import base64
import json
from typing import Any

import pytest

from tallybook.domain.errors import Invalid, TooLarge
from tallybook.domain.usage import Event, UnreadableEvents
from tallybook.wire.requests.cloudevents import MAX_BYTES
from tallybook.wire.requests.http_events import allow_origin, read_request

DATA = {"meter": "cpu_seconds", "quantity": 1.5}
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "e1",
    "source": "metal-7",
    "type": "tallybook.usage.v1",
    "time": "2026-04-20T12:00:00Z",
    "subject": "acc-1",
}
HEADERS = {f"ce-{name}": value for name, value in ATTRIBUTES.items()}


def read_binary(data: Any = DATA, **headers: str) -> Event:
    (event,) = read_request({**HEADERS, **headers}, json.dumps(data).encode())
    assert isinstance(event, Event)
    return event


def refusal_of(headers: dict[str, str], body: bytes) -> str:
    with pytest.raises(UnreadableEvents) as refused:
        read_request(headers, body)
    return refused.value.message


def test_an_event_in_binary_mode_is_that_of_the_structured_mode() -> None:
    (structured,) = read_request({}, json.dumps({**ATTRIBUTES, "data": DATA}).encode())
    assert read_binary() == structured
    assert read_binary(**{"content-type": "application/json; charset=utf-8"}) == structured


@pytest.mark.parametrize(
    ("header", "id"),
    [
        ("plain", "plain"),
        ("a%20%22b%22%20100%20%25%20%C3%BC", 'a "b" 100 % ü'),
        ('"quoted \\"text\\""', 'quoted "text"'),
        ("100 %", "100 %"),
        ("a+b", "a+b"),
        ('"', '"'),
    ],
)
def test_a_header_is_decoded_once(header: str, id: str) -> None:
    assert read_binary(**{"ce-id": header}).id == id


def test_letters_that_are_not_encoded_are_refused() -> None:
    message = refusal_of({**HEADERS, "ce-source": "m\xfcller"}, json.dumps(DATA).encode())
    assert message == "The event can't be read: ce-source must be percent-encoded"
    assert "id must be" in refusal_of({**HEADERS, "ce-id": "%ff"}, json.dumps(DATA).encode())


@pytest.mark.parametrize(
    "mode", ["application/cloudevents+json", "application/cloudevents-batch+json", "Application/CloudEvents+json"]
)
def test_the_type_of_the_body_precedes_the_headers(mode: str) -> None:
    other = {**ATTRIBUTES, "id": "of the body", "data": DATA}
    (event,) = read_request({**HEADERS, "content-type": mode}, json.dumps([other]).encode())
    assert isinstance(event, Event)
    assert event.id == "of the body"


def test_data_in_base64_is_read_like_embedded_data() -> None:
    encoded = base64.b64encode(json.dumps(DATA).encode()).decode()
    read = read_request({}, json.dumps([{**ATTRIBUTES, "data": DATA}, {**ATTRIBUTES, "data_base64": encoded}]).encode())
    assert read[0] == read[1]


@pytest.mark.parametrize("text", ["", "e30", "e30=!", "bm8=", 5, None, "W1tbW1s="])
def test_data_in_base64_that_is_no_object_in_json_is_refused(text: Any) -> None:
    assert "data" in refusal_of({}, json.dumps({**ATTRIBUTES, "data_base64": text}).encode())


def test_a_key_that_stands_twice_in_data_that_came_as_bytes_is_refused() -> None:
    data = json.dumps(DATA)[:-1] + ', "quantity": 7}'
    problem = 'The event can\'t be read: the key "quantity" stands twice in one object'
    encoded = {**ATTRIBUTES, "data_base64": base64.b64encode(data.encode()).decode()}
    assert refusal_of(HEADERS, data.encode()) == problem
    assert refusal_of({}, json.dumps(encoded).encode()) == problem


def test_an_event_whose_attribute_is_missing_is_refused_by_its_name() -> None:
    for name in ATTRIBUTES:
        headers = {header: value for header, value in HEADERS.items() if header != f"ce-{name}"}
        assert name in refusal_of(headers, json.dumps(DATA).encode())


def test_a_request_without_a_readable_event_is_refused_with_each_reason() -> None:
    with pytest.raises(UnreadableEvents) as refused:
        read_request({}, json.dumps([{"id": "a"}, 5, {**ATTRIBUTES, "data": 1}]).encode())
    assert refused.value.message == 'None of the events can be read; the first: specversion must be "1.0"'
    assert [(result.id, result.status) for result in refused.value.results] == [
        ("a", "rejected"),
        ("", "rejected"),
        ("e1", "rejected"),
    ]


def test_one_event_that_can_be_read_is_enough() -> None:
    read = read_request({}, json.dumps([5, {**ATTRIBUTES, "data": DATA}]).encode())
    assert [type(item).__name__ for item in read] == ["Result", "Event"]


@pytest.mark.parametrize("body", [b"", b"{", b"1 2"])
def test_data_that_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match="not valid JSON"):
        read_request(HEADERS, body)


def test_data_has_the_size_limit_of_a_body() -> None:
    assert read_request(HEADERS, json.dumps(DATA).encode().ljust(MAX_BYTES))
    with pytest.raises(TooLarge):
        read_request(HEADERS, json.dumps(DATA).encode().ljust(MAX_BYTES + 1))


def test_a_senders_handshake_gets_its_origin_and_any_rate() -> None:
    assert allow_origin({"webhook-request-origin": "events.example.com"}) == {
        "Allow": "OPTIONS, POST",
        "WebHook-Allowed-Origin": "events.example.com",
        "WebHook-Allowed-Rate": "*",
    }
    assert allow_origin({}) == {"Allow": "OPTIONS, POST"}
