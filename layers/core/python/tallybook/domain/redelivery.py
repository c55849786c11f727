"""When a message of the usage queue that was not counted is received again.

The queue is the only place that holds such a message. So while the tables are busy or out of reach, it must not use up
its receives: its pauses grow, and it stays on the queue for most of a day. A message that is refused comes back every
two minutes, and so is in the dead-letter queue after about half an hour.
"""

RECEIVES = 15
"""After so many, SQS moves the message to the dead-letter queue."""

_REFUSED_SECONDS = 120
_FIRST_BUSY_SECONDS = 30
_LONGEST_BUSY_SECONDS = 2 * 60 * 60


def seconds_until_next(received: int, *, is_busy: bool, jitter: float) -> int:
    """The pause after the message's `received`-th receive, counted from 1. `jitter`, from 0 to 1, spreads messages."""
    if not is_busy:
        return _REFUSED_SECONDS
    longest = min(_LONGEST_BUSY_SECONDS, _FIRST_BUSY_SECONDS * 2 ** (received - 1))
    return int(longest * (1 + jitter) / 2)
