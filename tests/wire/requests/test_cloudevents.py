"""Usage events are read exactly, or rejected by the name of the invalid part; no input raises anything else."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.counted_events import Acceptance
from tallybook.domain.errors import Invalid, TooLarge
from tallybook.domain.usage import Event, Result
from tallybook.store.events import put_marker
from tallybook.store.requests import to_dynamodb
from tallybook.wire.requests.cloudevents import MAX_BYTES, read_events
from tallybook.wire.requests.json_values import read_json
from tests.support.hypothesis_settings import deterministic

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "metal-7",
    "type": "tallybook.usage.v1",
    "time": "2026-04-20T12:00:00Z",
    "subject": "acc-1",
    "data": {"meter": "cpu_seconds", "quantity": 1.5},
}


def read_all(value: Any) -> list[Event | Result]:
    return read_events(json.dumps(value).encode())


def read_quantity(quantity: str) -> Event | Result:
    """Read an event whose quantity is this JSON text."""
    text = json.dumps({**EVENT, "data": {"meter": "cpu_seconds", "quantity": "HERE"}})
    return read_events(text.replace('"HERE"', quantity).encode())[0]


def rejection_of(value: Any) -> str:
    (result,) = read_all([value])
    assert isinstance(result, Result)
    assert result.status == "rejected"
    return str(result.reason)


def test_an_event_is_read_with_all_its_fields() -> None:
    data = {"user_id": "usr-2", "session_id": "s", "app_id": "p", "sku": "S", "meter": "minutes", "quantity": "2.50"}
    (event,) = read_all({**EVENT, "data": data, "datacontenttype": "application/json", "extension": [1]})
    assert isinstance(event, Event)
    assert (event.source, event.id, event.account_id, event.meter) == ("metal-7", "e1", "1", "minutes")
    assert (event.user_id, event.session_id, event.app_id, event.sku) == ("2", "s", "p", "S")
    assert (str(event.quantity), event.time.isoformat()) == ("2.5", "2026-04-20T12:00:00+00:00")


def test_an_array_is_read_in_order_with_rejections_in_place() -> None:
    read = read_all([EVENT, {**EVENT, "id": "e2", "type": "other"}, 7, {**EVENT, "id": "e3"}])
    assert [(type(item).__name__, item.id) for item in read] == [
        ("Event", "e1"),
        ("Result", "e2"),
        ("Result", ""),
        ("Event", "e3"),
    ]


def test_a_missing_or_null_field_is_absent() -> None:
    (event,) = read_all(
        {**EVENT, "data": {"meter": "m", "quantity": 1, "sku": None, "user_id": None, "session_id": None}}
    )
    assert isinstance(event, Event)
    assert (event.sku, event.user_id, event.session_id, event.app_id) == (None, None, None, None)


@pytest.mark.parametrize("name", EVENT)
@pytest.mark.parametrize("value", [None, "", 1, True, [], ["x"], "x" * 257])
def test_each_invalid_attribute_is_named(name: str, value: Any) -> None:
    assert rejection_of({**EVENT, name: value}).startswith(f"{name} ")


@pytest.mark.parametrize("name", EVENT)
def test_each_missing_attribute_is_named(name: str) -> None:
    assert rejection_of({key: value for key, value in EVENT.items() if key != name}).startswith(f"{name} ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("meter", "missing"),
        ("quantity", "missing"),
        ("meter", None),
        ("meter", ""),
        ("meter", 7),
        ("meter", "m" * 65),
        ("quantity", None),
        ("user_id", "2"),
        ("user_id", "acc-2"),
        ("user_id", 2),
        ("user_id", "usr-"),
        ("session_id", ""),
        ("session_id", "s" * 65),
        ("session_id", 7),
        ("session_id", "a#b"),
        ("session_id", "a:b"),
        ("session_id", "a\nb"),
        ("app_id", "a#2026-04-20"),
        ("app_id", {}),
        ("sku", "S:M"),
        ("sku", "\x00"),
        ("sku", False),
    ],
)
def test_each_invalid_field_of_data_is_named(name: str, value: Any) -> None:
    data = {**EVENT["data"], name: value}
    if value == "missing":
        del data[name]
    event = {**EVENT, "data": data}
    assert rejection_of(event).startswith(f"data.{name} ")


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("0.000000001", "0.000000001"),
        ("1e-9", "0.000000001"),
        ("1E3", "1000"),
        ("1e15", "1000000000000000"),
        ("1000000000000000", "1000000000000000"),
        ("999999999999999.999999999", "999999999999999.999999999"),
        ('"0.1"', "0.1"),
        ('"12"', "12"),
        ('"1E+3"', "1000"),
        ('"+5"', "5"),
        ("0.1000000000000000000000000000000000000000000000000000000000000000", "0.1"),
        (f'"1.{"0" * 100}"', "1"),
    ],
)
def test_a_quantity_is_a_number_or_a_decimal_string_and_keeps_every_digit(quantity: str, expected: str) -> None:
    event = read_quantity(quantity)
    assert isinstance(event, Event)
    assert f"{event.quantity:f}" == expected
    assert to_dynamodb({"quantity": event.quantity})


@pytest.mark.parametrize(
    "quantity",
    [
        "0",
        "-0",
        "0.0",
        "-1",
        '"-1"',
        "1e-10",
        "0.0000000001",
        "1000000000000000.000000001",
        "1000000000000001",
        "1e16",
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
        '"1e999999999"',
        '"1e-999999999"',
        '"1e99999999999999999999999999"',
        "1.0000000000000000000000000000000000000001",
        f'"{"9" * 1000}"',
        '"NaN"',
        '"sNaN"',
        '"Infinity"',
        '"-Infinity"',
        '"inf"',
        '""',
        '" "',
        '" 1"',
        '"1 "',
        '"1_000"',
        '"1,5"',
        '"0x10"',
        '"١٢"',
        '"1e"',
        '"."',
        '"--1"',
        "true",
        "false",
        "null",
        "[]",
        "[1]",
        "{}",
    ],
)
def test_any_other_quantity_is_rejected(quantity: str) -> None:
    result = read_quantity(quantity)
    assert isinstance(result, Result)
    assert str(result.reason).startswith("data.quantity must be a number or a decimal string, above 0")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"nonsense",
        b"{",
        b'{"a":1}{"b":2}',
        b"{'a': 1}",
        b"[1,]",
        b"\xff\xfe",
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        '{"a": "\\ud800"}'.encode("utf-16-le"),
        '{"a": 1}'.encode("utf-32"),
        b"[" * 500_000,
        b"[" * 400_000 + b"]" * 400_001,
        b"[" * 400_000 + b"]" * 400_000 + b",",
        b"[[1,,2], " + b"[" * 100_000 + b"]" * 100_000 + b"]",
        b'{"a":' * 150_000 + b"1" + b"}" * 150_000,
    ],
    ids=range(17),
)
def test_a_body_that_is_not_json_in_utf_8_is_refused(body: bytes | str) -> None:
    with pytest.raises(Invalid, match="not valid JSON"):
        read_events(body)


@pytest.mark.parametrize("body", [b"null", b"1", b"true", b'"event"', b"1.5", b"NaN", b'"\\ud800"', b"1" * 5000])
def test_a_body_that_is_neither_object_nor_array_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match="array of CloudEvents"):
        read_events(body)


def test_a_request_has_at_most_1000_events_or_none() -> None:
    for count in (0, 1000):
        assert len(read_all([EVENT] * count)) == count
    with pytest.raises(Invalid, match="at most 1000 events"):
        read_all([EVENT] * 1001)


def test_a_request_has_at_most_1_mib() -> None:
    body = json.dumps(EVENT).encode()
    assert isinstance(read_events(body.ljust(MAX_BYTES))[0], Event)
    with pytest.raises(TooLarge, match=str(MAX_BYTES)):
        read_events(body.ljust(MAX_BYTES + 1))


def test_json_is_read_with_exact_decimals_a_bom_and_surrogate_pairs() -> None:
    assert read_json(b'{"a": 0.1}') == {"a": Decimal("0.1")}
    assert read_json(b"\xef\xbb\xbf[1]") == [1]
    assert read_json(b'["\\ud83d\\ude00", "\\\\ud800"]') == ["😀", "\\ud800"]


REPEATED = [
    ('{"id": "e2", ', "{", "id"),
    ('"data": {"meter": "m", ', '"data": {', "meter"),
    ('{"more": {"deep": [{"é\\n": 1, "é\\n": 1}]}, ', "{", "é\n"),
    ('{"\\ud800": 1, "\\ud800": 2, ', "{", "?"),
    (f'{{"{"k" * 100}": 1, "{"k" * 100}": 2, ', "{", "k" * 64 + "..."),
]


@pytest.mark.parametrize(("more", "place", "key"), REPEATED, ids=range(5))
def test_a_key_that_stands_twice_rejects_its_event_alone(more: str, place: str, key: str) -> None:
    wrong = json.dumps(EVENT).replace(place, more, 1)
    for body in (wrong, f"[{json.dumps(EVENT)}, {wrong}, {json.dumps(EVENT)}]"):
        rejected = [one for one in read_events(body.encode()) if isinstance(one, Result)]
        assert [one.reason for one in rejected] == [f'the key "{key}" stands twice in one object']
        assert [one.id for one in rejected] == ["e1"]


def test_a_key_that_stands_twice_before_deep_nesting_is_of_no_other_event() -> None:
    deep = '{"a": 1, "a": ' + "[" * 100_000 + "]" * 100_000 + "}"
    first, second = read_events(f"[{deep}, {json.dumps(EVENT)}]".encode())
    assert isinstance(first, Result)
    assert isinstance(second, Event)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
numbers = st.from_regex(r"\A-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,12})?\Z")


@deterministic
@given(changes=st.dictionaries(st.sampled_from([*EVENT]), json_values, max_size=3), data=json_values)
def test_any_event_is_read_or_rejected(changes: dict[str, Any], data: Any) -> None:
    for event in ({**EVENT, **changes}, {**EVENT, "data": {**EVENT["data"], "sku": data, "quantity": data}}):
        (read,) = read_events(json.dumps([event], allow_nan=True).encode(errors="surrogatepass"))
        if isinstance(read, Event):
            check_storable(read)


@deterministic
@given(number=numbers, quoted=st.booleans())
def test_a_quantity_that_is_read_can_be_stored_and_added(number: str, quoted: bool) -> None:
    try:
        read = read_quantity(f'"{number}"' if quoted else number)
    except Invalid:
        return  # a leading zero, or too many digits
    if isinstance(read, Event):
        assert read.quantity == Decimal(number)
        check_storable(read)


@deterministic
@given(body=st.binary(max_size=200) | st.text(max_size=200))
def test_any_body_is_read_or_refused(body: bytes | str) -> None:
    try:
        read_events(body)
    except Invalid:
        return


def check_storable(event: Event) -> None:
    assert len(event.identity) == len(event.content) == 40
    to_dynamodb(put_marker(event, Acceptance(event.time, event.time)).item)
    to_dynamodb({"sum": event.quantity + Decimal(10) ** 15})
