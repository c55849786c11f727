"""Deliveries are retried after growing pauses, and given up after the last."""

from datetime import UTC, datetime, timedelta

from tallybook.domain.outbox import MAX_ATTEMPTS, next_attempt

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)


def test_the_pauses_grow_and_the_seventh_try_is_the_last() -> None:
    pauses = [next_attempt(attempts, NOW) for attempts in range(1, MAX_ATTEMPTS)]
    minutes = [(pause - NOW) / timedelta(minutes=1) for pause in pauses if pause]
    assert minutes == [1, 5, 30, 120, 480, 1440]
    assert next_attempt(MAX_ATTEMPTS, NOW) is None
    assert MAX_ATTEMPTS == 7
