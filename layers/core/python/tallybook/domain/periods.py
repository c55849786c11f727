"""Periods as spans of time: half-open months `[start, end)` in UTC. Source: docs/money.md, "Periods".

A boundary is the wall time of the original anchor in the account's zone, n months later, clamped to the last day of
the month: 31 Jan -> 29 Feb -> 31 Mar -> 30 Apr. If a clock change skips that wall time, it moves forward by the gap; if
it happens twice, the first one counts. `billing_period.BillingPeriod` is a period that was opened and is stored.
"""

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from tallybook.domain.errors import Invalid


@dataclass(frozen=True, slots=True)
class BillingSchedule:
    """Defines an account's periods, by the anchor, an instant, and the IANA zone in which its wall time is read.

    A later schedule replaces the schedule `before` at the instant `since`, when its period number `first`, counted
    from the anchor, starts. A plan change replaces the schedule at once, with a new anchor. A change of zone replaces
    it at the end of the current period, so that no period gets longer or shorter by more than the zones differ.
    """

    anchor: datetime
    zone: str
    since: datetime | None = None
    first: int = 0
    before: Self | None = None

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(ZoneInfo(self.zone))

    def governs(self, instant: datetime) -> bool:
        """Whether this schedule defines the period of the instant, not an earlier one."""
        return self.before is None or self.since is None or self.since <= instant


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
    while schedule.before is not None and not schedule.governs(instant):
        cut = schedule.since
        schedule = schedule.before
    number = _number(schedule, instant)
    end = boundary(schedule, number + 1)
    return Period(start=_edge(schedule, number), end=end if cut is None else min(end, cut), zone=schedule.zone)


def with_zone(schedule: BillingSchedule, zone: str, *, now: datetime) -> BillingSchedule:
    """The schedule after a change of zone: a new one, from the end of the current period on."""
    current = schedule_at(schedule, now)
    if current.zone == zone:
        return current
    period = period_of(current, now)
    first = _number(current, now) + 1
    return BillingSchedule(anchor=current.anchor, zone=zone, since=period.end, first=first, before=current)


def with_anchor(schedule: BillingSchedule, anchor: datetime) -> BillingSchedule:
    """The schedule after a plan change: a new one at once, in the zone that was set last."""
    return BillingSchedule(anchor=anchor, zone=schedule.zone, since=anchor, before=schedule_at(schedule, anchor))


def drop_older_schedules(schedule: BillingSchedule, oldest: datetime) -> BillingSchedule:
    """The schedule without the earlier ones that had been replaced by the instant `oldest`."""
    kept = [schedule]
    while (last := kept[-1]).before is not None and last.since is not None and last.since > oldest:
        kept.append(last.before)
    chain = replace(kept.pop(), before=None)
    while kept:
        chain = replace(kept.pop(), before=chain)
    return chain


def changes_of(schedule: BillingSchedule) -> tuple[datetime, ...]:
    """The instants at which a schedule was replaced, oldest first."""
    changes: list[datetime] = []
    last: BillingSchedule | None = schedule
    while last is not None:
        changes += [last.since] if last.since is not None and last.before is not None else []
        last = last.before
    return tuple(reversed(changes))


def schedule_at(schedule: BillingSchedule, instant: datetime) -> BillingSchedule:
    """The schedule that defines the period of the instant."""
    while schedule.before is not None and not schedule.governs(instant):
        schedule = schedule.before
    return schedule


def year_of(schedule: BillingSchedule, period: Period) -> tuple[datetime, datetime, int]:
    """The twelve months, from the anchor or its anniversary, that contain the period: (start, end, month from 1)."""
    schedule = schedule_at(schedule, period.start)
    number = _number(schedule, period.start)
    first = number - number % 12
    return _edge(schedule, first), boundary(schedule, first + 12), number % 12 + 1


def boundary(schedule: BillingSchedule, months: int) -> datetime:
    """The instant `months` months after the anchor, in the anchor's wall time, clamped to the month's length."""
    return schedule.anchor if months == 0 else _boundary(schedule.anchor, schedule.zone, months)


def start_of_day(day: date, zone: str) -> datetime:
    """00:00 local of the day, as an instant."""
    return _instant(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 a wall time, made aware below


def first_anchor(registered: datetime, zone: str) -> datetime:
    """The start of an account's first period: 00:00 local of the day of its registration."""
    return start_of_day(local_day(registered, zone), zone)


def check_zone(name: str, *, field: str = "time_zone") -> str:
    """The name of an IANA time zone, like `Europe/Berlin`."""
    if name not in available_timezones():
        raise Invalid(f"{field} must be the name of an IANA time zone, like Europe/Berlin", field=field)
    return name


def local_day(instant: datetime, zone: str) -> date:
    """The day of the instant in the zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def _edge(schedule: BillingSchedule, number: int) -> datetime:
    """The start of the period of this number, by the schedule that defines it."""
    while schedule.before is not None and number < schedule.first:
        schedule = schedule.before
    return schedule.since if schedule.since is not None and number == schedule.first else boundary(schedule, number)


def _number(schedule: BillingSchedule, instant: datetime) -> int:
    """How many months after the anchor the instant's period starts."""
    anchor, local = schedule.local(schedule.anchor), schedule.local(instant)
    number = (local.year - anchor.year) * 12 + local.month - anchor.month
    while boundary(schedule, number) > instant:
        number -= 1
    while boundary(schedule, number + 1) <= instant:
        number += 1
    return number if schedule.before is None else max(number, schedule.first)


@lru_cache(maxsize=4096)
def _boundary(anchor: datetime, zone: str, months: int) -> datetime:
    wall = anchor.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, calendar.monthrange(year, month + 1)[1])
    return _instant(wall.replace(year=year, month=month + 1, day=day), zone)


def _instant(wall: datetime, zone: str) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
