"""A busy message outlives an outage of hours; a refused one is given up after half an hour."""

import pytest

from tallybook.domain.redelivery import RECEIVES, seconds_until_next

PAUSES = range(1, RECEIVES)


@pytest.mark.parametrize(("jitter", "hours"), [(0.0, 7), (1.0, 14)])
def test_a_busy_message_stays_on_the_queue_for_seven_to_fourteen_hours(jitter: float, hours: int) -> None:
    seconds = sum(seconds_until_next(received, is_busy=True, jitter=jitter) for received in PAUSES)
    assert hours * 3600 <= seconds < (hours + 1) * 3600


def test_pauses_of_a_busy_message_grow_and_stay_within_what_sqs_allows() -> None:
    pauses = [seconds_until_next(received, is_busy=True, jitter=1.0) for received in PAUSES]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[1], pauses[-1]) == (30, 60, 7200)
    assert max(pauses) <= 12 * 3600
    assert seconds_until_next(1, is_busy=True, jitter=0.0) == 15


def test_a_refused_message_is_given_up_after_half_an_hour() -> None:
    assert sum(seconds_until_next(received, is_busy=False, jitter=0.5) for received in PAUSES) == 28 * 60
