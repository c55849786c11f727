"""After a change of zone, each period keeps the wall date and time of its anchor, and no period is lost."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallybook.domain.errors import Invalid
from tallybook.domain.periods import (
    LONGEST,
    BillingSchedule,
    Period,
    drop_older_schedules,
    first_schedule,
    period_of,
    schedule_from,
    wall_time,
    with_anchor,
    with_zone,
)
from tallybook.domain.usage import MARKER_LIFE, MAX_AGE
from tallybook.domain.zones import check_zone, zone_of
from tests.domain.instants import ZONES, at, instants
from tests.support.hypothesis_settings import deterministic

NEW_YORK, BERLIN, CAIRO = "America/New_York", "Europe/Berlin", "Africa/Cairo"


def test_a_month_starts_on_the_same_wall_date_after_a_zone_change() -> None:
    march = first_schedule(at("2026-03-01T00:00Z"), "UTC")
    schedule = with_zone(march, NEW_YORK, now=at("2026-03-10T12:00Z"))
    april = period_of(schedule, at("2026-04-01T00:00Z"))
    assert period_of(schedule, march.since) == Period(march.since, april.start, "UTC")
    assert april == Period(at("2026-04-01T00:00Z"), at("2026-05-01T04:00Z"), NEW_YORK)
    assert period_of(schedule, april.end) == Period(april.end, at("2026-06-01T04:00Z"), NEW_YORK)


@pytest.mark.parametrize(
    ("zone", "end", "following"),
    [
        ("Asia/Tokyo", "2026-04-30T15:00Z", "2026-05-31T15:00Z"),
        ("Pacific/Kiritimati", "2026-04-30T10:00Z", "2026-05-31T10:00Z"),
        ("Pacific/Niue", "2026-05-01T11:00Z", "2026-06-01T11:00Z"),
    ],
)
def test_only_the_first_period_after_a_zone_change_has_another_length(zone: str, end: str, following: str) -> None:
    schedule = with_zone(first_schedule(at("2026-03-01T00:00Z"), "UTC"), zone, now=at("2026-03-31T23:59Z"))
    assert period_of(schedule, at("2026-04-15T00:00Z")) == Period(at("2026-04-01T00:00Z"), at(end), zone)
    assert period_of(schedule, at(end)) == Period(at(end), at(following), zone)


def test_an_anchor_after_a_plan_change_keeps_its_wall_time_in_another_zone() -> None:
    changed = with_anchor(first_schedule(at("2026-03-01T00:00Z"), "UTC"), at("2026-03-11T15:30Z"))
    schedule = with_zone(changed, BERLIN, now=at("2026-03-20T00:00Z"))
    april = period_of(schedule, at("2026-04-20T00:00Z"))
    assert (april.start, april.end) == (at("2026-04-11T15:30Z"), at("2026-05-11T13:30Z"))


def test_a_skipped_midnight_moves_only_that_day() -> None:
    """Cairo's clocks skip the midnight of 30 April 2027."""
    schedule = first_schedule(at("2027-04-30T08:00Z"), CAIRO)
    first = period_of(schedule, at("2027-04-30T08:00Z"))
    second = period_of(schedule, first.end)
    assert (first.start, first.end) == (at("2027-04-29T22:00Z"), at("2027-05-29T21:00Z"))
    assert (first.first_day, first.last_day) == (date(2027, 4, 30), date(2027, 5, 29))
    assert (second.first_day, second.last_day) == (date(2027, 5, 30), date(2027, 6, 29))


def test_a_dropped_schedule_leaves_the_period_of_an_event_of_35_days() -> None:
    first = with_anchor(first_schedule(at("2026-02-10T12:00Z"), NEW_YORK), at("2026-03-01T00:00Z"))
    berlin = with_zone(first, BERLIN, now=at("2026-05-10T12:00Z"))
    now, event = at("2026-07-04T00:00:01Z"), at("2026-05-30T12:00Z")
    kept = drop_older_schedules(with_anchor(berlin, now), now - MARKER_LIFE)
    assert period_of(kept, event) == period_of(berlin, event)
    assert period_of(kept, event).start == at("2026-05-28T23:00Z")


def test_only_the_zones_of_the_pinned_package_are_accepted() -> None:
    """Many computers have a file `localtime` among their zones, or zones of their own."""
    for name in ("localtime", "posix/Europe/Berlin", "right/UTC", "posixrules", "tzdata.zi", "", "../UTC"):
        with pytest.raises(Invalid, match=r"^time_zone must be"):
            check_zone(name)
    assert [check_zone(name) for name in ZONES] == ZONES


def test_a_stored_zone_that_the_package_lacks_is_read_as_utc() -> None:
    for name in ("localtime", "posix/Europe/Berlin", "../etc/passwd", "America", ""):
        assert zone_of(name) == UTC
    assert period_of(schedule_from(at("2026-04-01T00:00Z"), "localtime"), at("2026-04-10T00:00Z")).days == 30


@deterministic
@given(
    registered=instants,
    zone=st.sampled_from(ZONES),
    changes=st.lists(st.tuples(st.integers(1, 40 * 86_400_000), st.sampled_from([None, *ZONES])), max_size=6),
)
@example(at("2026-03-01T00:00Z"), "UTC", [(9 * 86_400_000, NEW_YORK)])
@example(at("2027-04-30T08:00Z"), CAIRO, [(86_400_000, "UTC"), (86_400_000, CAIRO)])
def test_over_any_changes_boundaries_keep_their_wall_time(
    registered: datetime, zone: str, changes: list[tuple[int, str | None]]
) -> None:
    whole = kept = first_schedule(registered, zone)
    now, anchor = registered, datetime.combine(wall_time(registered, zone), datetime.min.time())
    for milliseconds, another in changes:
        now += timedelta(milliseconds=milliseconds)
        if another is None:
            whole, kept = with_anchor(whole, now), with_anchor(kept, now)
            anchor = wall_time(now, whole.zone)
        else:
            whole, kept = (with_zone(schedule, another, now=now) for schedule in (whole, kept))
        kept = drop_older_schedules(kept, now - MARKER_LIFE)
        for age in (timedelta(0), timedelta(days=10), timedelta(days=34, hours=12), MAX_AGE):
            assert now - age < whole_since(whole) or period_of(kept, now - age) == period_of(whole, now - age)
    period = period_of(whole, now)
    for _ in range(14):
        following = period_of(whole, period.end)
        assert following.start == period.end
        assert timedelta(days=26) < following.end - following.start <= LONGEST
        assert following.end in months_after(anchor, following.zone, following.end)
        period = following


def whole_since(schedule: BillingSchedule) -> datetime:
    """The start of the first period of the oldest schedule."""
    while schedule.before is not None:
        schedule = schedule.before
    return schedule.since


def months_after(anchor: datetime, zone: str, instant: datetime) -> set[datetime]:
    """The anchor's wall date and time in the months around the instant, computed without the product's code."""
    found = set()
    for shift in (-1, 0, 1):
        year, month = divmod(instant.year * 12 + instant.month - 1 + shift, 12)
        day = min(anchor.day, monthrange(year, month + 1)[1])
        found.add(anchor.replace(year=year, month=month + 1, day=day, tzinfo=ZoneInfo(zone)).astimezone(UTC))
    return found
