"""How often somebody may try something: so many times a minute, counted for each who."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """Attempts a minute, for each address that asks and for each email that is asked about (decisions, Quota)."""

    register: int = 3
    login: int = 5


def window_of(now: datetime) -> datetime:
    """The start of the minute that holds the instant."""
    return now.replace(second=0, microsecond=0)


def seconds_left(now: datetime) -> int:
    """Until the next minute, rounded up: 1 to 60."""
    left = window_of(now) + WINDOW - now
    return -(-left // timedelta(seconds=1))


def stand_in(who: str) -> str:
    """A short stand-in for an address or email of any length, so that no personal data stands in a key."""
    return hashlib.sha256(who.encode()).hexdigest()[:32]
