"""The costs of usage in a range of UTC days, across periods, and of each session. Source: ScaleBox billing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tallybook.domain.bill import CostShare, PeriodCosts, breakdown, utc_days
from tallybook.domain.errors import Invalid
from tallybook.domain.money import EXACT, spread
from tallybook.domain.sessions import Session
from tallybook.domain.usage import Quantities

DEFAULT_RANGE = timedelta(days=30)
MAX_DAYS = 366
MAX_SESSIONS = 100
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Range:
    """The instants `start` and `end`; the range covers their UTC days and all days between, each as a whole."""

    start: datetime
    end: datetime

    @property
    def first_instant(self) -> datetime:
        """00:00 UTC of its first day."""
        return self.start.replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def last_instant(self) -> datetime:
        """The last instant of its last day."""
        return self.end.replace(hour=23, minute=59, second=59, microsecond=999_000)

    @property
    def days(self) -> tuple[str, ...]:
        return utc_days(self.start, self.end)


@dataclass(frozen=True, slots=True)
class SessionCost:
    session: Session
    cost: int


@dataclass(frozen=True, slots=True)
class History:
    """Amounts are in micros. `daily_costs` has a (UTC day, cost) for each day; the newest session is first."""

    range: Range
    total: int
    breakdown: tuple[CostShare, ...]
    daily_costs: tuple[tuple[str, int], ...]
    sessions: tuple[SessionCost, ...]


def range_of(start: datetime | None, end: datetime | None, *, now: datetime) -> Range:
    """The requested range; by default up to now, and from 30 days before its end.

    Invalid `invalid_date_range` if it ends before it starts, or is longer than 366 days.
    """
    end = end or now
    requested = Range(start or max(end, _EARLIEST + DEFAULT_RANGE) - DEFAULT_RANGE, end)
    if requested.end < requested.start:
        raise Invalid("end must not be before start", code="invalid_date_range", field="end")
    if requested.end - requested.start > timedelta(days=MAX_DAYS):
        raise Invalid(f"The range must be at most {MAX_DAYS} days", code="invalid_date_range", field="start")
    return requested


def history(requested: Range, periods: Iterable[PeriodCosts], sessions: Sequence[SessionCost]) -> History:
    """The costs of these periods, on the days of the range."""
    daily = dict.fromkeys(requested.days, 0)
    by_type: dict[str, int] = {}
    for costs in periods:
        for kind, of_days in costs.by_type.items():
            for day, cost in zip(costs.days, of_days, strict=True):
                if cost and day in daily:
                    daily[day] += cost
                    by_type[kind] = by_type.get(kind, 0) + cost
    return History(requested, sum(daily.values()), breakdown(by_type), tuple(daily.items()), tuple(sessions))


def session_costs(costs: PeriodCosts, used: Mapping[str, Quantities], *, unit: int) -> dict[str, int]:
    """The cost of each session in the period, in micros, by its id; `used` is what each used, `unit` the minor unit.

    Each line is split by quantity, with the largest remainder, over these sessions and the rest of the usage, so that
    no part is counted twice or lost. A base fee without usage belongs to no session.
    """
    parts = dict.fromkeys(used, 0)
    for line in (line for line in costs.lines if line.quantity):
        weights = [quantities.get((line.meter, line.sku), Decimal(0)) for quantities in used.values()]
        rest = EXACT.subtract(line.quantity, sum(weights, Decimal(0)))
        costs_of_line = spread(line.amount, [*weights, rest], unit=unit)
        for session_id, part in zip(used, costs_of_line, strict=False):
            parts[session_id] += part
    return parts
