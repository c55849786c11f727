"""Periods as spans of time: half-open months `[start, end)` in UTC. Source: docs/money.md, "Periods".

A boundary is the wall date and time of the original anchor, n months later, clamped to the last day of the month: 31
Jan -> 29 Feb -> 31 Mar -> 30 Apr. If a clock change skips that wall time, it moves forward by the gap; if it happens
twice, the first one counts. `billing_period.BillingPeriod` is a period that was opened and is stored.
"""

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Self

from tallybook.domain.zones import zone_of

LONGEST = timedelta(days=34)
"""No period is longer: a month of 31 days, and the difference of the two zones after a change of zone."""


@dataclass(frozen=True, slots=True)
class BillingSchedule:
    """Defines an account's periods by the `anchor`, a wall date and time, and the IANA `zone` in which it is read.

    It applies from the instant `since`, when its period number `first` starts, counted in months from the anchor. A
    plan change replaces the schedule `before` at once, with a new anchor. A change of zone keeps the anchor and
    replaces the schedule at the end of the current period, so that each boundary keeps its wall date and time.
    """

    anchor: datetime
    zone: str
    since: datetime
    first: int = 0
    before: Self | None = None

    def governs(self, instant: datetime) -> bool:
        """Whether this schedule defines the period of the instant, not an earlier one."""
        return self.before is None or self.since <= instant


@dataclass(frozen=True, slots=True)
class Period:
    """One month of an account, `[start, end)` in UTC; its local days are those of `zone`."""

    start: datetime
    end: datetime
    zone: str

    def contains(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    @property
    def first_day(self) -> date:
        """The local day of its start."""
        return local_day(self.start, self.zone)

    @property
    def last_day(self) -> date:
        """The local day of its last second."""
        return local_day(self.end - timedelta(seconds=1), self.zone)

    @property
    def display_end(self) -> datetime:
        """The end that clients see: 00:00 local of its last day, never before its start."""
        return max(self.start, start_of_day(self.last_day, self.zone))

    @property
    def days(self) -> int:
        """The number of local calendar days from `first_day` to `last_day`, both included."""
        return (self.last_day - self.first_day).days + 1

    def days_elapsed(self, now: datetime) -> int:
        """The number of local calendar days from `first_day` to today, both included; between 1 and `days`."""
        elapsed = (local_day(now, self.zone) - self.first_day).days + 1
        return max(1, min(elapsed, self.days))


def period_of(schedule: BillingSchedule, instant: datetime) -> Period:
    """The period that contains the instant, whether it was opened or not.

    A period that a plan change cut short ends where the next schedule begins.
    """
    cut: datetime | None = None
    while not schedule.governs(instant) and schedule.before is not None:
        cut = schedule.since
        schedule = schedule.before
    number = _number(schedule, instant)
    end = boundary(schedule, number + 1)
    return Period(start=_edge(schedule, number), end=end if cut is None else min(end, cut), zone=schedule.zone)


def first_schedule(registered: datetime, zone: str) -> BillingSchedule:
    """The schedule of a new account: its first period starts at 00:00 local of the day of registration."""
    day = local_day(registered, zone)
    return BillingSchedule(_midnight(day), zone, since=start_of_day(day, zone))


def schedule_from(instant: datetime, zone: str) -> BillingSchedule:
    """A schedule whose first period starts at the instant."""
    return BillingSchedule(wall_time(instant, zone), zone, since=instant)


def with_zone(schedule: BillingSchedule, zone: str, *, now: datetime) -> BillingSchedule:
    """The schedule after a change of zone: a new one, from the end of the current period on."""
    current = schedule_at(schedule, now)
    if current.zone == zone:
        return current
    end, first = period_of(current, now).end, _number(current, now) + 1
    return BillingSchedule(current.anchor, zone, since=end, first=first, before=current)


def with_anchor(schedule: BillingSchedule, instant: datetime) -> BillingSchedule:
    """The schedule after a plan change: a new one at once, in the zone that was set last."""
    return replace(schedule_from(instant, schedule.zone), before=schedule_at(schedule, instant))


def drop_older_schedules(schedule: BillingSchedule, oldest: datetime) -> BillingSchedule:
    """The schedule without the earlier ones that had been replaced by the instant `oldest`."""
    kept = [schedule]
    while (last := kept[-1]).before is not None and last.since > oldest:
        kept.append(last.before)
    chain = replace(kept.pop(), before=None)
    while kept:
        chain = replace(kept.pop(), before=chain)
    return chain


def changes_of(schedule: BillingSchedule) -> tuple[datetime, ...]:
    """The instants at which a schedule was replaced, oldest first."""
    changes: list[datetime] = []
    while schedule.before is not None:
        changes.append(schedule.since)
        schedule = schedule.before
    return tuple(reversed(changes))


def schedule_at(schedule: BillingSchedule, instant: datetime) -> BillingSchedule:
    """The schedule that defines the period of the instant."""
    while not schedule.governs(instant) and schedule.before is not None:
        schedule = schedule.before
    return schedule


def year_of(schedule: BillingSchedule, period: Period) -> tuple[datetime, datetime, int]:
    """The twelve months, from the anchor or its anniversary, that contain the period: (start, end, month from 1)."""
    schedule = schedule_at(schedule, period.start)
    number = _number(schedule, period.start)
    first = number - number % 12
    return _edge(schedule, first), boundary(schedule, first + 12), number % 12 + 1


def boundary(schedule: BillingSchedule, months: int) -> datetime:
    """The start of the period that is `months` months after the anchor, if this schedule defines it."""
    return schedule.since if months == schedule.first else _boundary(schedule.anchor, schedule.zone, months)


def start_of_day(day: date, zone: str) -> datetime:
    """00:00 local of the day, as an instant."""
    return wall_instant(_midnight(day), zone)


def local_day(instant: datetime, zone: str) -> date:
    """The day of the instant in the zone."""
    return wall_time(instant, zone).date()


def wall_time(instant: datetime, zone: str) -> datetime:
    """The date and time that a clock in the zone shows at the instant, without zone."""
    return instant.astimezone(zone_of(zone)).replace(tzinfo=None)


def wall_instant(wall: datetime, zone: str) -> datetime:
    """The first instant at which a clock in the zone shows this time; a skipped time moves forward by the gap."""
    return wall.replace(tzinfo=zone_of(zone), fold=0).astimezone(UTC)


def _edge(schedule: BillingSchedule, number: int) -> datetime:
    """The start of the period of this number, by the schedule that defines it."""
    while schedule.before is not None and number < schedule.first:
        schedule = schedule.before
    return boundary(schedule, number)


def _number(schedule: BillingSchedule, instant: datetime) -> int:
    """How many months after the anchor the instant's period starts."""
    local = wall_time(instant, schedule.zone)
    number = (local.year - schedule.anchor.year) * 12 + local.month - schedule.anchor.month
    while boundary(schedule, number) > instant:
        number -= 1
    while boundary(schedule, number + 1) <= instant:
        number += 1
    return number


@lru_cache(maxsize=4096)
def _boundary(anchor: datetime, zone: str, months: int) -> datetime:
    """The instant at the anchor's wall time `months` months later, clamped to the month's length."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    day = min(anchor.day, calendar.monthrange(year, month + 1)[1])
    return wall_instant(anchor.replace(year=year, month=month + 1, day=day), zone)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 a wall time has no zone
