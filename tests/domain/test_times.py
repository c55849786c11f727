"""Instants are UTC in whole milliseconds, stored as fixed-width text that sorts by time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.times import day_of, parse_instant, stamp
from tests.support.hypothesis_settings import deterministic

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instants = st.integers(0, 253_370_764_800_000).map(lambda ms: EPOCH + timedelta(milliseconds=ms))  # to 9998
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def test_a_stamp_has_milliseconds_and_z() -> None:
    assert stamp(datetime(2026, 1, 14, 18, 22, 9, 114_999, tzinfo=UTC)) == "2026-01-14T18:22:09.114Z"
    india = timezone(timedelta(hours=5, minutes=30))
    assert stamp(datetime(2026, 1, 14, 2, 0, tzinfo=india)) == "2026-01-13T20:30:00.000Z"
    assert stamp(datetime(999, 1, 14, tzinfo=UTC)) == "0999-01-14T00:00:00.000Z", "stamps sort by time"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-20T12:34:56Z", "2026-04-20T12:34:56.000Z"),
        ("2026-04-20t12:34:56.7z", "2026-04-20T12:34:56.700Z"),
        ("2026-04-20 12:34:56.789123456+02:00", "2026-04-20T10:34:56.789Z"),
        ("2026-04-20T00:00:00-23:59", "2026-04-20T23:59:00.000Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
    ],
)
def test_rfc_3339_with_an_offset_is_read(text: str, expected: str) -> None:
    assert stamp(parse_instant(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-04-20",
        "2026-04-20T12:34:56",
        "2026-04-20T12:34Z",
        "2026-04-20T24:00:00Z",
        "2026-04-20T12:60:00Z",
        "2026-04-20T12:34:60Z",
        "2026-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-04-20T12:34:56+0200",
        "2026-04-20T12:34:56+24:00",
        "2026-04-20T12:34:56.Z",
        "2026-04-20T12:34:56.1234567890Z",
        "2026-04-20T12:34:56,5Z",
        "2026-04-20T12:34:56Z ",
        "2026-04-20T12:34:56Z\n",
        "20260420T123456Z",
        "2026-W17-1T12:34:56Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "٢٠٢٦-04-20T12:34:56Z",
        "1776688496",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


def test_a_day_is_a_utc_day() -> None:
    assert day_of(parse_instant("2026-04-20T23:59:59.999Z")) == "2026-04-20"
    assert day_of(parse_instant("2026-04-20T23:00:00-05:00")) == "2026-04-21"


@deterministic
@given(instant=instants, zone=offsets)
def test_an_instant_reads_back_from_its_stamp_in_any_zone(instant: datetime, zone: timezone) -> None:
    assert parse_instant(stamp(instant)) == instant
    assert stamp(instant.astimezone(zone)) == stamp(instant)


@deterministic
@given(one=instants, other=instants)
def test_the_order_of_stamps_is_the_order_of_instants(one: datetime, other: datetime) -> None:
    assert (stamp(one) < stamp(other)) == (one < other)
