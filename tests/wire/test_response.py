"""Numbers and times in responses."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.wire.response import amount, number, seconds, seconds_or_none
from tests.support.hypothesis_settings import deterministic


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "0"),
        (20_000_000, "20"),
        (29_500_000, "29.5"),
        (12_840_000, "12.84"),
        (-4_500_000, "-4.5"),
        (10_000, "0.01"),
        (1, "1e-06"),
        (10**15 * 1_000_000, "1000000000000000"),
    ],
)
def test_an_amount_is_a_json_number_of_units(micros: int, text: str) -> None:
    assert json.dumps(amount(micros)) == text


@deterministic
@given(cents=st.integers(-(10**13), 10**13))
def test_an_amount_of_cents_reads_back_exactly(cents: int) -> None:
    assert Decimal(json.dumps(amount(cents * 10_000))) * 100 == cents


def test_a_percentage_is_a_json_number() -> None:
    assert [number(Decimal(text)) for text in ("91.12", "100.00", "0")] == [91.12, 100, 0]


def test_times_have_whole_seconds_in_utc() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert seconds(datetime(2026, 4, 20, 12, 34, 56, 999_000, tzinfo=UTC)) == "2026-04-20T12:34:56Z"
    assert seconds(datetime(2026, 4, 20, 1, 0, tzinfo=india)) == "2026-04-19T19:30:00Z"
    assert seconds(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"
    assert seconds_or_none(None) is None
