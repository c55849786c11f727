"""The window, content hash and counters of a usage event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.times import parse_instant
from tallybook.domain.usage import (
    MARKER_LIFE,
    MAX_AGE,
    Event,
    counters_of,
    counting_instant,
    decimal_text,
    grouped,
    sum_counters,
)
from tests.support.hypothesis_settings import deterministic

NOW = datetime(2026, 4, 20, 12, 0, tzinfo=UTC)
EVENT = Event(
    source="metal-7", id="e1", time=NOW, account_id="a", meter="cpu_seconds", quantity=Decimal(1), user_id="u"
)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (timedelta(0), timedelta(0)),
        (timedelta(milliseconds=1), timedelta(0)),
        (timedelta(minutes=10), timedelta(0)),
        (timedelta(minutes=10, milliseconds=1), None),
        (-timedelta(milliseconds=1), -timedelta(milliseconds=1)),
        (-timedelta(days=35), -timedelta(days=35)),
        (-timedelta(days=35, milliseconds=1), None),
    ],
)
def test_an_event_counts_from_10_minutes_ahead_to_35_days_back(ahead: timedelta, expected: timedelta | None) -> None:
    assert counting_instant(NOW + ahead, NOW) == (None if expected is None else NOW + expected)


def test_a_marker_outlives_the_oldest_event_that_may_come_again() -> None:
    assert timedelta(days=36) == MARKER_LIFE > MAX_AGE


@pytest.mark.parametrize("spelling", ["1", "1.0", "1.000000000", "1E0", "0.1E+1"])
def test_equal_numbers_are_equal_content_in_any_spelling(spelling: str) -> None:
    assert replace(EVENT, quantity=Decimal(spelling)).content == EVENT.content


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-04-20T12:00:00Z",
        "2026-04-20t12:00:00z",
        "2026-04-20T12:00:00.000Z",
        "2026-04-20T12:00:00.000000000+00:00",
        "2026-04-20T17:30:00+05:30",
        "2026-04-20 05:00:00-07:00",
        "2026-04-21T02:00:00.000+14:00",
    ],
)
def test_equal_instants_are_equal_content_in_any_time_zone(spelling: str) -> None:
    assert replace(EVENT, time=parse_instant(spelling)).content == EVENT.content


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "b"},
        {"meter": "ram_gb_seconds"},
        {"quantity": Decimal("1.000000001")},
        {"user_id": None},
        {"user_id": "v"},
        {"session_id": "s"},
        {"app_id": "s"},
        {"sku": "s"},
        {"time": NOW + timedelta(microseconds=1)},
    ],
)
def test_every_field_of_an_event_is_part_of_its_content(change: dict[str, object]) -> None:
    assert replace(EVENT, **change).content != EVENT.content


def test_a_value_moved_to_another_field_is_other_content() -> None:
    contents = {replace(EVENT, **{name: "x"}).content for name in ("user_id", "session_id", "app_id", "sku")}
    assert len(contents) == 4


def test_the_time_of_arrival_is_not_part_of_the_content() -> None:
    assert replace(EVENT, counted_at=NOW - timedelta(seconds=1)).content == EVENT.content


def test_source_and_id_together_are_the_identity() -> None:
    assert replace(EVENT, quantity=Decimal(2), account_id="b").identity == EVENT.identity
    assert replace(EVENT, source="metal-8").identity != EVENT.identity
    assert replace(EVENT, id="e2").identity != EVENT.identity
    assert replace(EVENT, source="ab", id="c").identity != replace(EVENT, source="a", id="bc").identity
    assert replace(EVENT, source="a1", id="1:b").identity != replace(EVENT, source="a", id="11:b").identity


def test_an_event_adds_to_the_total_its_day_and_everything_it_names() -> None:
    everything = replace(EVENT, session_id="s", app_id="p")
    assert counters_of(everything) == ("period", "day#2026-04-20", "user#u", "session#s", "app#p#2026-04-20")
    assert counters_of(replace(EVENT, user_id=None)) == ("period", "day#2026-04-20")


def test_late_usage_is_counted_apart_by_the_invoice_that_bills_it() -> None:
    may = datetime(2026, 5, 1, tzinfo=UTC)
    everything = replace(EVENT, session_id="s", app_id="p")
    assert counters_of(everything, late_for=may) == ("late#2026-05-01T00:00:00.000Z", "app#p#2026-04-20")
    assert sum_counters([EVENT, everything], late_for=may) == {
        "late#2026-05-01T00:00:00.000Z": {("cpu_seconds", None): 2},
        "app#p#2026-04-20": {("cpu_seconds", None): 1},
    }


def test_usage_is_counted_on_the_utc_day_of_its_time() -> None:
    late = replace(
        EVENT, time=datetime(2026, 4, 21, 0, 5, tzinfo=UTC), counted_at=datetime(2026, 4, 20, 23, tzinfo=UTC)
    )
    assert counters_of(late)[1] == "day#2026-04-20"


def test_merging_adds_up_each_counter_by_meter_and_sku() -> None:
    events = [
        replace(EVENT, quantity=Decimal("1.5")),
        replace(EVENT, quantity=Decimal("0.25"), user_id=None),
        replace(EVENT, meter="container_minutes", sku="S", quantity=Decimal(3)),
        replace(EVENT, meter="container_minutes", sku="M", quantity=Decimal(4), time=NOW - timedelta(days=1)),
    ]
    assert sum_counters(events) == {
        "period": {
            ("cpu_seconds", None): Decimal("1.75"),
            ("container_minutes", "S"): 3,
            ("container_minutes", "M"): 4,
        },
        "day#2026-04-20": {("cpu_seconds", None): Decimal("1.75"), ("container_minutes", "S"): 3},
        "day#2026-04-19": {("container_minutes", "M"): 4},
        "user#u": {
            ("cpu_seconds", None): Decimal("1.5"),
            ("container_minutes", "S"): 3,
            ("container_minutes", "M"): 4,
        },
    }


def test_a_thousand_of_the_largest_quantities_add_up_exactly() -> None:
    largest = Decimal("999999999999999.999999999")
    whole = sum_counters(replace(EVENT, quantity=largest) for _ in range(1000))["period"]["cpu_seconds", None]
    assert whole == Decimal("999999999999999999.999999000")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("999", "999"),
        ("1000", "1,000"),
        ("1234.500", "1,234.5"),
        ("100.00", "100"),
        ("1E15", "1" + ",000" * 5),
    ],
)
def test_a_readable_number_has_grouped_thousands_and_no_trailing_zeros(number: str, text: str) -> None:
    assert grouped(Decimal(number)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [("1.0", "1"), ("1E+3", "1000"), ("0.10", "0.1"), ("1E-9", "0.000000001"), ("1E+15", "1000000000000000")],
)
def test_equal_numbers_have_the_same_plain_text(number: str, text: str) -> None:
    assert decimal_text(Decimal(number)) == text


@deterministic
@given(quantity=st.decimals("0.000000001", 10**15, places=9), zeros=st.integers(0, 3))
def test_a_plain_text_reads_back_as_the_same_number(quantity: Decimal, zeros: int) -> None:
    assert Decimal(decimal_text(quantity)) == quantity
    assert decimal_text(Decimal(f"{quantity:f}{'0' * zeros}")) == decimal_text(quantity)
