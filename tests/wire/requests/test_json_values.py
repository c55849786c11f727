"""Whole numbers are ints however they are written, and no value of a repeated key is chosen."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.errors import Invalid
from tallybook.wire.requests.json_values import describe_repeated, find_repeated, number, read_json
from tests.support.hypothesis_settings import deterministic


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5000000.0", 5_000_000),
        ("1e3", 1000),
        ("-0.0", 0),
        ("0e999999999", 0),
        ("1.50E+1", 15),
        ("9e39", 9 * 10**39),
        (f"1.{'0' * 60_000}", 1),
        ("5000000.5", Decimal("5000000.5")),
        ("1e-3", Decimal("0.001")),
        ("1e40", Decimal("1e40")),
        ("1e999999999", Decimal("1e999999999")),
        (f"1.{'0' * 60}1", Decimal(f"1.{'0' * 60}1")),
    ],
)
def test_a_whole_number_is_an_int_and_any_other_is_exact(text: str, value: int | Decimal) -> None:
    assert (number(text), type(number(text))) == (value, type(value))


@deterministic
@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_a_number_keeps_its_value(value: Decimal) -> None:
    assert number(str(value)) == value


@pytest.mark.parametrize(
    "body",
    [
        '{"a": 1, "a": 1}',
        '{"x": {"a": 1, "b": 2, "a": 3}}',
        '[[{"b": 1}, {"a": null, "\\u0061": 2}]]',
        '{"x": [' + "[" * 50 + '{"a": 1, "a": 2}' + "]" * 50 + "]}",
    ],
)
def test_a_key_that_stands_twice_in_one_object_is_refused_by_its_name(body: str) -> None:
    with pytest.raises(Invalid, match='In the body, the key "a" stands twice in one object'):
        read_json(body.encode())


def test_a_key_may_stand_in_several_objects() -> None:
    assert read_json(b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}') == {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}


@pytest.mark.parametrize(
    ("keys", "found"), [("", None), ("abc", None), ("aba", "a"), ("abba", "b"), (["", ""], ""), ("aA", None)]
)
def test_the_first_repeated_key_is_found(keys: Any, found: str | None) -> None:
    assert find_repeated([(key, 1) for key in keys]) == found


def test_a_long_or_broken_key_is_described_in_few_characters() -> None:
    assert describe_repeated("k" * 64) == f'the key "{"k" * 64}" stands twice in one object'
    assert describe_repeated("k" * 100_000) == f'the key "{"k" * 64}..." stands twice in one object'
    assert describe_repeated("a\ud800") == 'the key "a?" stands twice in one object'
