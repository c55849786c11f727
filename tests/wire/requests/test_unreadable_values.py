"""A value that can't be is one event's fault: the events beside it are read as if it were not there."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.counted_events import Acceptance
from tallybook.domain.errors import Invalid
from tallybook.domain.usage import Event, Result
from tallybook.store.events import put_marker
from tallybook.store.requests import to_dynamodb
from tallybook.wire.requests.cloudevents import read_events
from tallybook.wire.requests.event_json import read_event_json
from tallybook.wire.requests.json_values import read_json
from tests.support.hypothesis_settings import deterministic

FIELDS = ("specversion", "id", "source", "type", "time", "subject")
DATA = ("meter", "quantity", "user_id", "session_id", "app_id", "sku")
NUMBERS = ["1e999999999999999999999", "-1e999999999999999999999", "1e-999999999999999999999", "9" * 5000]
NUMBERS += ["-" + "9" * 5000, "NaN", "Infinity", "-Infinity", "1e999", "1E-999", "1" + "0" * 41]
NUMBERS += ["0." + "0" * 5000 + "1"]
TEXTS = [r'"\ud800"', r'"\uDFFF\ud800"', '"\ud83d"', r'"a\udc00b"']


def event(id: str = "bad", **changes: Any) -> dict[str, Any]:
    sent: dict[str, Any] = {"specversion": "1.0", "id": id, "source": "test", "type": "tallybook.usage.v1"}
    sent |= {"time": "2026-04-20T12:00:00Z", "subject": "acc-1"}
    data = {"meter": "cpu_seconds", "quantity": "1", "user_id": "usr-2", "session_id": "s", "app_id": "p", "sku": "S"}
    return (
        sent
        | {"data": data | {name: value for name, value in changes.items() if name in DATA}}
        | {name: value for name, value in changes.items() if name not in DATA}
    )


GOOD = [json.dumps(event(id)) for id in ("first", "last")]


def between(text: str | bytes) -> list[Event | Result]:
    """What is read of a batch in which this JSON text stands between two good events."""
    element = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return read_events(b"[%s, %s, %s]" % (GOOD[0].encode(), element, GOOD[1].encode()))


def with_value(name: str, text: str) -> str:
    """An event with this JSON text as the value of the field."""
    return json.dumps(event(**{name: "HERE"})).replace('"HERE"', text)


def check_others(read: list[Event | Result]) -> Event | Result:
    """The good events around it are events; returns what became of the one between them."""
    first, between, last = read
    assert [type(first), first.id, type(last), last.id] == [Event, "first", Event, "last"]
    return between


@pytest.mark.parametrize("name", [*FIELDS, *DATA, "data"])
@pytest.mark.parametrize("text", [*NUMBERS, *TEXTS], ids=range(len(NUMBERS + TEXTS)))
def test_a_value_that_cannot_be_rejects_its_event_by_the_name_of_the_field(name: str, text: str) -> None:
    result = check_others(between(with_value(name, text)))
    assert isinstance(result, Result)
    assert result.status == "rejected"
    assert str(result.reason).startswith(f"data.{name} must be" if name in DATA else f"{name} must be")
    json.dumps([result.id, result.reason], ensure_ascii=False).encode()


@pytest.mark.parametrize("text", [*NUMBERS, *TEXTS], ids=range(len(NUMBERS + TEXTS)))
def test_a_value_that_cannot_be_in_an_ignored_field_is_ignored(text: str) -> None:
    assert isinstance(check_others(between(with_value("comment", text))), Event)


def test_bytes_that_are_no_utf_8_reject_their_event() -> None:
    broken = [b"\xff", b"\xed\xa0\x80", b"\xc3"]
    for name in ("id", "source", "meter", "sku"):
        for text in broken:
            element = with_value(name, '"HERE"').encode().replace(b"HERE", text)
            result = check_others(between(element))
            assert isinstance(result, Result)
            assert (result.status, result.id) == ("rejected", "" if name == "id" else "bad")


@pytest.mark.parametrize("element", ["[" * 20_000 + "]" * 20_000, '{"a":' * 20_000 + "1" + "}" * 20_000])
def test_an_event_nested_too_deeply_is_rejected_alone(element: str) -> None:
    for text in (element, with_value("comment", element), with_value("sku", f'["}}, \\"]", {element}]')):
        assert isinstance(check_others(between(text)), Result)


@pytest.mark.parametrize("number", ["NaN", "1e99999999999999999999999999", "1" * 5000, r'"\ud800"', '"\ud800"'])
def test_other_bodies_are_refused_as_a_whole(number: str) -> None:
    with pytest.raises(Invalid, match="not valid JSON"):
        read_json(f'{{"amount": {number}}}'.encode("utf-8", "surrogatepass"))


def test_an_array_is_checked_to_its_end_unless_its_length_is_limited() -> None:
    for text in ("[1, 2, 3 oops", "[1, 2, 3] oops", "[1, 2, 3", "[1, 2,, 3]", "[1, 2, 3,]"):
        with pytest.raises(Invalid, match="not valid JSON"):
            read_event_json(text)
        assert read_event_json(text, most=1) == [1, 2]


values = st.one_of(
    st.sampled_from([*NUMBERS, *TEXTS, "[[]]", "{}", "true", "null", '"9999-12-31T23:59:59-23:59"']),
    st.sampled_from(['"0000-01-01T00:00:00Z"', '"0001-01-01T00:00:00+23:59"', '"2026-04-20T12:00:60Z"']),
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,45})(\.[0-9]{1,45})?([eE][+-]?[0-9]{1,25})?\Z"),
    st.from_regex(r'\A"[+-]?[0-9]{1,45}(\.[0-9]{1,45})?([eE][+-]?[0-9]{1,25})?"\Z'),
    st.text(max_size=300).map(json.dumps),
)


@deterministic
@given(name=st.sampled_from([*FIELDS, *DATA, "data", "comment"]), value=values, twice=st.booleans())
def test_whatever_one_event_holds_the_others_are_read_alike(name: str, value: str, twice: bool) -> None:
    text = with_value(name, value)
    result = check_others(between(text[:-1] + f', "id": {value}}}' if twice else text))
    json.dumps(result.id, ensure_ascii=False).encode()
    if isinstance(result, Event):
        assert to_dynamodb(put_marker(result, Acceptance(result.time, result.time)).item)
