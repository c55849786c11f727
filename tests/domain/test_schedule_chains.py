"""A long chain of schedules works like a short one: a plan may change any number of times."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.periods import (
    BillingSchedule,
    boundary,
    drop_older_schedules,
    period_of,
    schedule_at,
    schedule_from,
    with_anchor,
    with_zone,
    year_of,
)

COUNT = 2_000
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def schedule() -> BillingSchedule:
    """COUNT schedules, the first from START, each a minute after the one before."""
    chain = schedule_from(START, "UTC")
    for number in range(1, COUNT):
        chain = with_anchor(chain, START + timedelta(minutes=number))
    return chain


@pytest.mark.parametrize("number", [0, 1, 999, COUNT - 2])
def test_each_schedules_period_ends_where_the_next_one_begins(schedule: BillingSchedule, number: int) -> None:
    instant = START + timedelta(minutes=number)
    period = period_of(schedule, instant)
    assert (period.start, period.end) == (instant, instant + timedelta(minutes=1))
    assert period_of(schedule, period.end - timedelta(milliseconds=1)) == period
    assert schedule_at(schedule, instant).since == instant
    assert year_of(schedule, period)[0] == instant


def test_the_last_schedule_continues_by_months(schedule: BillingSchedule) -> None:
    last = START + timedelta(minutes=COUNT - 1)
    assert boundary(schedule, 0) == last
    assert boundary(schedule, 1) == period_of(schedule, last).end == datetime(2026, 2, 2, 9, 19, tzinfo=UTC)
    berlin = with_zone(schedule, "Europe/Berlin", now=last)
    assert period_of(berlin, START).end == START + timedelta(minutes=1)


@pytest.mark.parametrize("kept", [1, 2, 1_000, COUNT])
def test_schedules_that_ended_long_ago_are_dropped(schedule: BillingSchedule, kept: int) -> None:
    oldest = START + timedelta(minutes=COUNT - kept)
    chain: BillingSchedule | None = drop_older_schedules(schedule, oldest)
    found = 0
    while chain is not None:
        found, chain = found + 1, chain.before
    assert found == kept
    assert period_of(drop_older_schedules(schedule, oldest), oldest).start == oldest
