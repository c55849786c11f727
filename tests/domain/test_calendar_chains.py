"""A calendar that followed many others works as any does: an account's plan may change as often as it likes."""

from datetime import UTC, datetime, timedelta

import pytest

from tallybook.domain.periods import Calendar, boundary, in_force, in_zone, period_of, since, with_anchor, year_of

COUNT = 2_000
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> Calendar:
    """The first from START, each of the others a minute after the one before."""
    chain = Calendar(START, "UTC")
    for number in range(1, COUNT):
        chain = with_anchor(chain, START + timedelta(minutes=number))
    return chain


@pytest.mark.parametrize("number", [0, 1, 999, COUNT - 2])
def test_the_period_of_each_calendar_ends_where_the_next_one_begins(book: Calendar, number: int) -> None:
    instant = START + timedelta(minutes=number)
    period = period_of(book, instant)
    assert (period.start, period.end) == (instant, instant + timedelta(minutes=1))
    assert period_of(book, period.end - timedelta(milliseconds=1)) == period
    assert in_force(book, instant).anchor == instant
    assert year_of(book, period)[0] == instant


def test_the_last_calendar_goes_on(book: Calendar) -> None:
    last = START + timedelta(minutes=COUNT - 1)
    assert boundary(book, 0) == last
    assert boundary(book, 1) == period_of(book, last).end == datetime(2026, 2, 2, 9, 19, tzinfo=UTC)
    berlin = in_zone(book, "Europe/Berlin", now=last)
    assert period_of(berlin, START).end == START + timedelta(minutes=1)


@pytest.mark.parametrize("kept", [1, 2, 1_000, COUNT])
def test_those_that_ended_long_ago_are_forgotten(book: Calendar, kept: int) -> None:
    oldest = START + timedelta(minutes=COUNT - kept)
    chain: Calendar | None = since(book, oldest)
    found = 0
    while chain is not None:
        found, chain = found + 1, chain.before
    assert found == kept
    assert period_of(since(book, oldest), oldest).start == oldest
