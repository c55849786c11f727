"""Attempts are counted by the minute."""

from datetime import UTC, datetime

import pytest

from tallybook.domain.limits import Limits, seconds_left, stand_in, window_of


@pytest.mark.parametrize(
    ("second", "microsecond", "left"), [(0, 0, 60), (0, 1000, 60), (1, 0, 59), (59, 0, 1), (59, 999_000, 1)]
)
def test_the_seconds_left_of_a_minute_are_rounded_up(second: int, microsecond: int, left: int) -> None:
    now = datetime(2026, 4, 20, 23, 59, second, microsecond, tzinfo=UTC)
    assert seconds_left(now) == left
    assert window_of(now) == datetime(2026, 4, 20, 23, 59, tzinfo=UTC)


def test_there_are_3_registrations_and_5_logins_a_minute() -> None:
    assert (Limits().register, Limits().login) == (3, 5)


def test_who_tries_does_not_show_and_is_not_confused() -> None:
    assert "example" not in stand_in("ada@example.com")
    assert stand_in("ada@example.com") == stand_in("ada@example.com") != stand_in("eve@example.com")
    assert len(stand_in("x" * 10_000)) == 32
