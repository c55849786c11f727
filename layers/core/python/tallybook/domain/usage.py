"""Usage events: their identity, their content, and the counters that they add to.

(`source`, `id`) identifies one event in the whole installation. Contents are compared after parsing: `1.0` equals `1`.
Source: docs/money.md, "Usage".
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Literal, NamedTuple

from tallybook.domain.errors import Invalid
from tallybook.domain.money import EXACT
from tallybook.domain.times import day_of, stamp

MAX_AGE = timedelta(days=35)
MAX_AHEAD = timedelta(minutes=10)
MARKER_LIFE = timedelta(days=36)
LATE = "late"
MAX_DECIMALS = 9
"""Of a quantity."""

type Status = Literal["accepted", "duplicate", "conflict", "rejected"]
type Rejection = Literal[
    "too_old",
    "too_far_ahead",
    "before_account",
    "unknown_account",
    "account_deleted",
    "source_not_allowed",
    "unknown_meter",
    "unknown_sku",
    "retry",
]
"""Why a well-formed event was rejected. `tallybook send` has words for each (`cli/meter/words.py`)."""


@dataclass(frozen=True, slots=True)
class Event:
    """One usage event: the account used `quantity` of `meter` (and `sku`) at `time`.

    `counted_at` decides its period and day: its own time, or its arrival if its time is in the future.
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
        return event_identity(source=self.source, id=self.id)

    @property
    def content(self) -> str:
        """40 hex digits of the parsed content: equal for `1.0` and `1`, and for two spellings of one instant."""
        return _digest(
            stamp(self.time),
            str(self.time.microsecond),
            self.account_id,
            self.meter,
            decimal_text(self.quantity),
            *(part or "" for part in (self.user_id, self.session_id, self.app_id, self.sku)),
        )

    @property
    def instant(self) -> datetime:
        return self.counted_at or self.time


class Result(NamedTuple):
    """The status of a submitted event; `reason`: why it was rejected."""

    id: str
    status: Status
    reason: str | None = None


type Quantities = dict[tuple[str, str | None], Decimal]
"""Summed quantities by (meter, sku)."""


class UnreadableEvents(Invalid):
    """None of a request's events could be read; `results` has the reason of each, in the order sent."""

    code = "unreadable_events"

    def __init__(self, results: Sequence[Result]) -> None:
        first = results[0].reason
        one = "The event can't be read" if len(results) == 1 else "None of the events can be read; the first"
        super().__init__(f"{one}: {first}")
        self.results = results


def event_identity(*, source: str, id: str) -> str:
    """40 hex digits of (source, id)."""
    return _digest(source, id)


def counting_instant(event_time: datetime, now: datetime) -> datetime | None:
    """The instant at which an event counts: its own time, or now if its time is up to 10 minutes in the future.

    None if it is further in the future, or more than 35 days old.
    """
    if event_time > now + MAX_AHEAD or event_time < now - MAX_AGE:
        return None
    return min(event_time, now)


def counters_of(event: Event, *, late_for: datetime | None = None) -> tuple[str, ...]:
    """The names of the counters that the event adds to: of its period, day, user and session, and of its app by day.

    A late event adds to the app's counter and to a separate one, named after the start of the period whose invoice
    bills it, but not to the others.
    """
    day = day_of(event.instant)
    names = ["period", f"day#{day}"] if late_for is None else [late_counter(late_for)]
    if event.user_id and late_for is None:
        names.append(f"user#{event.user_id}")
    if event.session_id and late_for is None:
        names.append(f"session#{event.session_id}")
    if event.app_id:
        names.append(f"app#{event.app_id}#{day}")
    return tuple(names)


def late_counter(late_for: datetime) -> str:
    """The counter of late usage that the invoice of the period that starts then bills."""
    return f"{LATE}#{stamp(late_for)}"


def sum_counters(events: Iterable[Event], *, late_for: datetime | None = None) -> Mapping[str, Quantities]:
    """The quantities to add to each counter, summed over the events of one period."""
    sums: dict[str, Quantities] = {}
    for event in events:
        for name in counters_of(event, late_for=late_for):
            quantities = sums.setdefault(name, {})
            meter_and_sku = (event.meter, event.sku)
            quantities[meter_and_sku] = quantities.get(meter_and_sku, Decimal(0)) + event.quantity
    return sums


def scale_quantity(whole: Decimal, part: Fraction) -> Decimal:
    """The part of an allowance, a bound or a limit: rounded up to nine decimals, but never above the whole."""
    return min(whole, Decimal(ceil(Fraction(whole) * part * 10**MAX_DECIMALS)).scaleb(-MAX_DECIMALS, context=EXACT))


def decimal_text(quantity: Decimal) -> str:
    """The same text for equal numbers: "1" for 1.0, 1 and 1E0."""
    return f"{quantity.normalize():f}"


def grouped(number: Decimal) -> str:
    """All digits with thousands separators and no trailing zeros, for mails: "1,234.5"."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _digest(*parts: str) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    # no event has surrogates, but the operator may look up any text
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:40]
