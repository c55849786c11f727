"""Usage: what one event says, which counters it moves, and which event it is.

(`source`, `id`) is one event in the whole installation; its content is compared parsed, so `1.0` is `1`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from tallybook.domain.times import day_of, stamp

MAX_AGE = timedelta(days=35)
MAX_AHEAD = timedelta(minutes=10)
MARKER_LIFE = timedelta(days=36)
LATE = "late"

type Status = Literal["accepted", "duplicate", "conflict", "rejected"]


@dataclass(frozen=True, slots=True)
class Event:
    """One usage event: `quantity` of `meter` (and `sku`) that the account used at `time`.

    `counted_at` is the instant whose period and day it falls into: its own time, or its arrival where that is ahead.
    """

    source: str
    id: str
    time: datetime
    account_id: str
    meter: str
    quantity: Decimal
    user_id: str | None = None
    session_id: str | None = None
    app_id: str | None = None
    sku: str | None = None
    counted_at: datetime | None = None

    @property
    def identity(self) -> str:
        """40 hex digits that stand for (source, id)."""
        return _digest(self.source, self.id)

    @property
    def content(self) -> str:
        """40 hex digits over all the event says, parsed: equal for `1.0` and `1`, or two spellings of one instant."""
        return _digest(
            stamp(self.time),
            str(self.time.microsecond),
            self.account_id,
            self.meter,
            plain(self.quantity),
            *(part or "" for part in (self.user_id, self.session_id, self.app_id, self.sku)),
        )

    @property
    def instant(self) -> datetime:
        return self.counted_at or self.time


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an event, in the order sent; `reason` for what was not accepted."""

    id: str
    status: Status
    reason: str | None = None


type Quantities = dict[tuple[str, str | None], Decimal]


def counted(event_time: datetime, now: datetime) -> datetime | None:
    """The instant at which it counts: its own, its arrival if up to 10 minutes ahead; None if further or too old."""
    if event_time > now + MAX_AHEAD or event_time < now - MAX_AGE:
        return None
    return min(event_time, now)


def counters_of(event: Event, *, late_for: datetime | None = None) -> tuple[str, ...]:
    """The names of the counters it moves within its period: the whole, its day, its user, session and app by day.

    What came after the period was closed stands apart, by the start of the period whose invoice holds it, and is part
    of no day or session any more; an app still used it that day.
    """
    day = day_of(event.instant)
    names = ["period", f"day#{day}"] if late_for is None else [f"{LATE}#{stamp(late_for)}"]
    if event.user_id and late_for is None:
        names.append(f"user#{event.user_id}")
    if event.session_id and late_for is None:
        names.append(f"session#{event.session_id}")
    if event.app_id:
        names.append(f"app#{event.app_id}#{day}")
    return tuple(names)


def merged(events: Iterable[Event], *, late_for: datetime | None = None) -> Mapping[str, Quantities]:
    """What a transaction adds to each counter: one addition for each, however many events move it."""
    sums: dict[str, Quantities] = {}
    for event in events:
        for name in counters_of(event, late_for=late_for):
            quantities = sums.setdefault(name, {})
            what = (event.meter, event.sku)
            quantities[what] = quantities.get(what, Decimal(0)) + event.quantity
    return sums


def plain(quantity: Decimal) -> str:
    """One text for one number: 1.0, 1 and 1E0 are "1"."""
    return f"{quantity.normalize():f}"


def grouped(number: Decimal) -> str:
    """All its digits, and no zeros at the end, for a reader of mail: 1,234.5."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _digest(*parts: str) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:40]
