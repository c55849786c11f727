"""Pauses between retries."""

import random
import threading
import time

_FIRST = 0.2
_LONGEST = 5.0


class Backoff:
    """Pauses that double from 0.2 to 5 seconds, with jitter, until `seconds` have passed since the first.

    Setting `stop_retries` ends the current pause at once, and there is no further retry.
    """

    def __init__(self, seconds: float, *, stop_retries: threading.Event) -> None:
        self._seconds = seconds
        self._stop_retries = stop_retries
        self._ends: float | None = None
        self._next = _FIRST

    def pause(self, at_least: float = 0.0) -> bool:
        """Wait for the next retry; False if there is none."""
        now = time.monotonic()
        if self._ends is None:
            self._ends = now + self._seconds
        left = self._ends - now
        if left <= 0 or self._stop_retries.is_set():
            return False
        pause = max(at_least, self._next * random.uniform(0.5, 1))  # noqa: S311 only jitter
        self._next = min(_LONGEST, 2 * self._next)
        return not self._stop_retries.wait(min(pause, left))
