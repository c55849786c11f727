"""The changes of an account's users are counted by the minute; the 301st is refused unless it ends access."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.errors import TooManyRequests
from tallybook.domain.recent_changes import MOST, NEVER_REFUSED, RecentChanges, count_changes

NOON = datetime(2026, 4, 20, 12, tzinfo=UTC)
MINUTE = int(NOON.timestamp()) // 60
FULL = RecentChanges(MINUTE, MOST)


def test_three_hundred_changes_of_a_minute_are_counted() -> None:
    recent = RecentChanges()
    for number in range(1, MOST + 1):
        recent = count_changes(recent, ["account.changed"], now=NOON + timedelta(milliseconds=number * 190))
        assert recent == RecentChanges(MINUTE, number)
    assert recent == FULL


@pytest.mark.parametrize(("second", "left"), [(0, 60), (1, 59), (59, 1), (59.999, 1)])
def test_one_more_is_refused_until_the_next_minute(second: float, left: int) -> None:
    with pytest.raises(TooManyRequests) as refused:
        count_changes(FULL, ["account.changed"], now=NOON + timedelta(seconds=second))
    assert refused.value.retry_after == left
    assert count_changes(FULL, ["account.changed"], now=NOON + timedelta(minutes=1)) == RecentChanges(MINUTE + 1, 1)


def test_changes_written_together_are_refused_together() -> None:
    recent = RecentChanges(MINUTE, MOST - 2)
    assert count_changes(recent, ["account.changed"] * 2, now=NOON) == FULL
    with pytest.raises(TooManyRequests):
        count_changes(recent, ["account.changed"] * 3, now=NOON)


@pytest.mark.parametrize("action", sorted(NEVER_REFUSED))
def test_ending_access_is_counted_but_not_refused(action: str) -> None:
    assert count_changes(FULL, [action, "quota_allocation.revoked"], now=NOON) == RecentChanges(MINUTE, MOST + 2)


def test_in_two_steps_of_any_kind_one_can_be_refused() -> None:
    """Else two users could be changed to and fro for ever."""
    undone_by = {"user.suspended": "user.resumed", "api_key.revoked": "api_key.created", "user.deleted": "user.invited"}
    assert NEVER_REFUSED.isdisjoint({*undone_by.values(), "user.disabled"})
