"""The key ranges of a history query are in order, however old the range."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.history import range_of
from tallybook.store.costs import costs_range
from tallybook.store.sessions import runs_range
from tests.support.hypothesis_settings import deterministic

YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)
YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)


def check_ordered(start: datetime, end: datetime) -> None:
    """DynamoDB refuses a range that ends before it starts; moto returns nothing for it."""
    days = range_of(start, end, now=end)
    for of in (costs_range, runs_range):
        _, first, last = of("somebody", days.first_instant, days.last_instant)
        assert first <= last


@pytest.mark.parametrize("end", [YEAR_1, YEAR_2000 - timedelta(days=33), YEAR_2000 - timedelta(seconds=1), YEAR_2000])
def test_keys_of_a_range_before_2000_are_in_order(end: datetime) -> None:
    check_ordered(max(YEAR_1 + timedelta(days=9), end) - timedelta(days=9), end)


@deterministic
@given(
    start=st.datetimes(datetime(1, 1, 1), datetime(9998, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 Hypothesis adds UTC
    length=st.timedeltas(timedelta(0), timedelta(days=366)),
)
def test_keys_of_any_range_are_in_order(start: datetime, length: timedelta) -> None:
    check_ordered(start, start + length)
