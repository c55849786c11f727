"""Attempts are counted in windows of a minute or an hour."""

from datetime import UTC, datetime

import pytest

from tallybook.domain.limits import HOUR, MINUTE, Limit, Limits, hashed_subject, network_of, seconds_left, window_of


@pytest.mark.parametrize(
    ("second", "microsecond", "left"), [(0, 0, 60), (0, 1000, 60), (1, 0, 59), (59, 0, 1), (59, 999_000, 1)]
)
def test_the_seconds_left_of_a_minute_are_rounded_up(second: int, microsecond: int, left: int) -> None:
    now = datetime(2026, 4, 20, 23, 59, second, microsecond, tzinfo=UTC)
    assert seconds_left(now, MINUTE) == left
    assert window_of(now, MINUTE) == datetime(2026, 4, 20, 23, 59, tzinfo=UTC)


def test_there_are_3_registrations_and_5_logins_a_minute_and_3_resets_an_hour() -> None:
    assert (Limits().register, Limits().login, Limits().reset) == (Limit(3, MINUTE), Limit(5, MINUTE), Limit(3, HOUR))


def test_one_email_has_a_hundred_times_the_logins_of_one_network_address() -> None:
    limits = Limits()
    assert (limits.login_email, limits.password_email) == (Limit(500, MINUTE), Limit(500, MINUTE))
    assert (limits.login, limits.password) == (Limit(5, MINUTE), Limit(5, MINUTE))


def test_an_hour_is_a_window_like_a_minute() -> None:
    now = datetime(2026, 4, 20, 23, 59, 0, 1000, tzinfo=UTC)
    assert window_of(now, HOUR) == datetime(2026, 4, 20, 23, tzinfo=UTC)
    assert seconds_left(now, HOUR) == 60


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_all_addresses_of_one_ipv6_network_count_together(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_hashed_subject_hides_the_address_and_differs_by_address() -> None:
    assert "example" not in hashed_subject("ada@example.com")
    assert hashed_subject("ada@example.com") == hashed_subject("ada@example.com") != hashed_subject("eve@example.com")
    assert len(hashed_subject("x" * 10_000)) == 32
