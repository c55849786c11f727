"""A period is one month from the anchor, in the account's wall time: half-open, without a gap or an overlap."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallybook.domain.periods import (
    Period,
    boundary,
    drop_older_schedules,
    first_schedule,
    period_of,
    schedule_at,
    schedule_from,
    start_of_day,
    with_anchor,
    with_zone,
    year_of,
)
from tests.domain.instants import ZONES, at, instants
from tests.support.hypothesis_settings import deterministic


def boundaries(anchor: str, zone: str, count: int) -> list[datetime]:
    schedule = schedule_from(at(anchor), zone)
    return [boundary(schedule, number) for number in range(count)]


def test_each_boundary_counts_from_the_anchor_clamped_to_its_month() -> None:
    assert boundaries("2024-01-31T00:00Z", "UTC", 5) == [
        at("2024-01-31T00:00Z"),
        at("2024-02-29T00:00Z"),
        at("2024-03-31T00:00Z"),
        at("2024-04-30T00:00Z"),
        at("2024-05-31T00:00Z"),
    ]


def test_a_common_year_clamps_to_the_28th_and_a_year_rolls_over() -> None:
    assert boundaries("2022-11-30T09:30Z", "UTC", 5) == [
        at("2022-11-30T09:30Z"),
        at("2022-12-30T09:30Z"),
        at("2023-01-30T09:30Z"),
        at("2023-02-28T09:30Z"),
        at("2023-03-30T09:30Z"),
    ]


def test_a_march_in_kolkata_runs_from_local_midnight_to_local_midnight() -> None:
    schedule = schedule_from(start_of_day(date(2024, 3, 1), "Asia/Kolkata"), "Asia/Kolkata")
    period = period_of(schedule, at("2024-03-15T12:00Z"))
    assert (period.start, period.end) == (at("2024-02-29T18:30Z"), at("2024-03-31T18:30Z"))
    assert period.display_end == at("2024-03-30T18:30Z")
    assert period.days == 31


def test_a_skipped_wall_time_moves_forward_by_the_gap() -> None:
    """Berlin had no 02:30 on 31 March 2024."""
    assert boundaries("2024-01-31T02:30+01:00", "Europe/Berlin", 4)[2:] == [
        at("2024-03-31T03:30+02:00"),
        at("2024-04-30T02:30+02:00"),
    ]


def test_a_repeated_wall_time_is_the_first_of_the_two() -> None:
    """Berlin had 02:30 twice on 27 October 2024."""
    assert boundaries("2024-09-27T02:30+02:00", "Europe/Berlin", 3)[1:] == [
        at("2024-10-27T02:30+02:00"),
        at("2024-11-27T02:30+01:00"),
    ]


def test_a_day_without_midnight_starts_at_its_first_instant() -> None:
    """Sao Paulo changed its clocks at midnight; 4 November 2018 began at 01:00."""
    assert start_of_day(date(2018, 11, 4), "America/Sao_Paulo") == at("2018-11-04T01:00-02:00")


def test_an_anchor_in_the_second_repeated_hour_keeps_its_instant() -> None:
    anchor = at("2024-10-27T02:30+01:00")
    assert period_of(schedule_from(anchor, "Europe/Berlin"), anchor).start == anchor


def test_the_first_period_starts_at_local_midnight_of_the_day_of_registration() -> None:
    registered = at("2024-02-29T20:00Z")
    assert first_schedule(registered, "UTC").since == at("2024-02-29T00:00Z")
    assert first_schedule(registered, "Asia/Kolkata").since == at("2024-02-29T18:30Z")
    assert first_schedule(registered, "America/New_York").since == at("2024-02-29T05:00Z")


def test_a_period_contains_its_start_but_not_its_end() -> None:
    schedule = schedule_from(at("2026-04-01T00:00Z"), "UTC")
    end = at("2026-05-01T00:00Z")
    assert period_of(schedule, schedule.since).start == schedule.since
    assert period_of(schedule, end - timedelta(milliseconds=1)).start == schedule.since
    assert period_of(schedule, end).start == end
    assert period_of(schedule, schedule.since - timedelta(milliseconds=1)).start == at("2026-03-01T00:00Z")


@pytest.mark.parametrize(
    ("start", "end", "zone", "shown", "days"),
    [
        ("2026-04-01T00:00Z", "2026-05-01T00:00Z", "UTC", "2026-04-30T00:00Z", 30),
        ("2026-03-31T15:00Z", "2026-04-30T15:00Z", "Asia/Tokyo", "2026-04-29T15:00Z", 30),
        ("2026-06-11T12:00Z", "2026-07-11T12:00Z", "UTC", "2026-07-11T00:00Z", 31),
        ("2026-06-11T12:00Z", "2026-06-11T18:00Z", "UTC", "2026-06-11T12:00Z", 1),
        ("2026-06-11T12:00Z", "2026-06-12T00:00Z", "UTC", "2026-06-11T12:00Z", 1),
        ("2026-06-11T12:00Z", "2026-06-12T00:00:01Z", "UTC", "2026-06-12T00:00Z", 2),
    ],
)
def test_a_period_is_shown_to_end_on_its_last_day_after_its_start(
    start: str, end: str, zone: str, shown: str, days: int
) -> None:
    period = Period(start=at(start), end=at(end), zone=zone)
    assert period.display_end == at(shown)
    assert period.days == days


@pytest.mark.parametrize(
    ("now", "elapsed"),
    [
        ("2026-04-01T00:00Z", 1),
        ("2026-04-01T23:59:59Z", 1),
        ("2026-04-20T12:00Z", 20),
        ("2026-04-30T23:59Z", 30),
        ("2026-05-03T00:00Z", 30),
        ("2026-03-31T00:00Z", 1),
    ],
)
def test_elapsed_days_include_both_ends_and_stay_within_the_period(now: str, elapsed: int) -> None:
    period = Period(start=at("2026-04-01T00:00Z"), end=at("2026-05-01T00:00Z"), zone="UTC")
    assert period.days_elapsed(at(now)) == elapsed


def test_elapsed_days_are_local_days() -> None:
    start, end = start_of_day(date(2026, 4, 1), "Asia/Kolkata"), start_of_day(date(2026, 5, 1), "Asia/Kolkata")
    period = Period(start=start, end=end, zone="Asia/Kolkata")
    assert period.days_elapsed(at("2026-04-19T18:29Z")) == 19
    assert period.days_elapsed(at("2026-04-19T18:30Z")) == 20


def test_a_plan_change_cuts_its_period_and_starts_another_at_its_instant() -> None:
    change = at("2026-06-11T15:00Z")
    before = schedule_from(at("2026-01-31T00:00Z"), "UTC")
    schedule = with_anchor(before, change)
    cut = Period(at("2026-05-31T00:00Z"), change, "UTC")
    assert (
        period_of(schedule, change - timedelta(milliseconds=1)) == period_of(schedule, at("2026-05-31T00:00Z")) == cut
    )
    assert period_of(schedule, change) == Period(change, at("2026-07-11T15:00Z"), "UTC")
    assert period_of(schedule, at("2026-05-30T23:59Z")) == Period(at("2026-04-30T00:00Z"), cut.start, "UTC")
    assert (schedule_at(schedule, cut.start), schedule_at(schedule, change)) == (before, schedule)


def test_two_plan_changes_in_one_day_leave_a_period_of_hours_between_them() -> None:
    first, second = at("2026-06-11T09:00Z"), at("2026-06-11T15:00Z")
    schedule = with_anchor(with_anchor(schedule_from(at("2026-06-01T00:00Z"), "UTC"), first), second)
    assert period_of(schedule, at("2026-06-11T12:00Z")) == Period(first, second, "UTC")
    assert period_of(schedule, at("2026-06-05T12:00Z")) == Period(at("2026-06-01T00:00Z"), first, "UTC")


def test_a_change_at_a_periods_end_does_not_cut_it() -> None:
    schedule = with_anchor(schedule_from(at("2026-06-01T00:00Z"), "UTC"), at("2026-07-01T00:00Z"))
    assert period_of(schedule, at("2026-06-30T23:59Z")).end == schedule.since == at("2026-07-01T00:00Z")


def test_a_new_time_zone_counts_from_the_end_of_the_current_period() -> None:
    june = schedule_from(at("2026-06-01T00:00Z"), "UTC")
    schedule = with_zone(june, "America/New_York", now=at("2026-09-15T00:00Z"))
    assert period_of(schedule, at("2026-09-15T00:00Z")) == period_of(june, at("2026-09-15T00:00Z"))
    october = period_of(schedule, at("2026-10-01T00:00Z"))
    assert october == Period(at("2026-10-01T00:00Z"), at("2026-11-01T04:00Z"), "America/New_York")
    november = period_of(schedule, october.end)
    assert november == Period(october.end, at("2026-12-01T05:00Z"), "America/New_York")  # winter time


def test_a_zone_changed_back_before_the_period_ends_changes_nothing() -> None:
    june, now = schedule_from(at("2026-06-01T00:00Z"), "UTC"), at("2026-06-15T00:00Z")
    kolkata = with_zone(june, "Asia/Kolkata", now=now)
    assert with_zone(kolkata, "UTC", now=now) == june
    assert with_zone(kolkata, "Europe/Berlin", now=now) == with_zone(june, "Europe/Berlin", now=now)


def test_a_plan_change_before_a_zone_change_starts_in_the_new_zone() -> None:
    june, now = schedule_from(at("2026-06-01T00:00Z"), "UTC"), at("2026-06-15T12:00Z")
    schedule = with_anchor(with_zone(june, "Asia/Kolkata", now=now), now)
    assert period_of(schedule, at("2026-06-14T00:00Z")) == Period(june.since, now, "UTC")
    assert period_of(schedule, now).zone == "Asia/Kolkata"
    assert schedule.before == june


def test_schedules_that_ended_long_ago_are_dropped() -> None:
    june = schedule_from(at("2026-06-01T00:00Z"), "UTC")
    schedule = with_anchor(with_anchor(june, at("2026-06-10T00:00Z")), at("2026-08-20T00:00Z"))
    kept = drop_older_schedules(schedule, at("2026-07-01T00:00Z"))
    assert kept.before is not None
    assert kept.before.before is None
    assert period_of(kept, at("2026-08-15T00:00Z")) == period_of(schedule, at("2026-08-15T00:00Z"))
    assert drop_older_schedules(schedule, at("2026-08-20T00:00Z")).before is None


@pytest.mark.parametrize(
    ("inside", "start", "end", "month"),
    [
        ("2024-02-29T00:00Z", "2024-02-29T00:00Z", "2025-02-28T00:00Z", 1),
        ("2024-03-28T00:00Z", "2024-02-29T00:00Z", "2025-02-28T00:00Z", 1),
        ("2024-03-29T00:00Z", "2024-02-29T00:00Z", "2025-02-28T00:00Z", 2),
        ("2025-02-27T00:00Z", "2024-02-29T00:00Z", "2025-02-28T00:00Z", 12),
        ("2025-02-28T00:00Z", "2025-02-28T00:00Z", "2026-02-28T00:00Z", 1),
        ("2028-02-29T00:00Z", "2028-02-29T00:00Z", "2029-02-28T00:00Z", 1),
    ],
)
def test_a_year_is_twelve_months_from_the_anchor_or_its_anniversary(
    inside: str, start: str, end: str, month: int
) -> None:
    schedule = schedule_from(at("2024-02-29T00:00Z"), "UTC")
    assert year_of(schedule, period_of(schedule, at(inside))) == (at(start), at(end), month)


def test_a_period_before_a_plan_change_keeps_its_old_plans_year() -> None:
    schedule = with_anchor(schedule_from(at("2026-01-01T00:00Z"), "UTC"), at("2026-06-11T00:00Z"))
    cut, after = period_of(schedule, at("2026-06-05T00:00Z")), period_of(schedule, at("2026-06-11T00:00Z"))
    assert year_of(schedule, cut) == (at("2026-01-01T00:00Z"), at("2027-01-01T00:00Z"), 6)
    assert year_of(schedule, after) == (at("2026-06-11T00:00Z"), at("2027-06-11T00:00Z"), 1)


@deterministic
@given(anchor=instants, zone=st.sampled_from(ZONES), months=st.integers(-30, 120))
@example(anchor=at("2011-11-30T10:00Z"), zone="Pacific/Apia", months=0)  # which had no 30 December 2011
@example(anchor=at("2024-10-27T01:30Z"), zone="Europe/Berlin", months=-1)
def test_periods_follow_each_other_without_gap_or_overlap(anchor: datetime, zone: str, months: int) -> None:
    schedule = schedule_from(anchor, zone)
    start, end = boundary(schedule, months), boundary(schedule, months + 1)
    assert timedelta(days=27) < end - start < timedelta(days=33)
    for inside in (start, start + (end - start) / 2, end - timedelta(microseconds=1)):
        assert period_of(schedule, inside) == Period(start=start, end=end, zone=zone)
    assert period_of(schedule, end).start == end


@deterministic
@given(anchor=instants, zone=st.sampled_from(ZONES), instant=instants)
def test_each_instant_is_in_exactly_one_period(anchor: datetime, zone: str, instant: datetime) -> None:
    schedule = schedule_from(anchor, zone)
    period = period_of(schedule, instant)
    assert period.contains(instant)
    assert not period_of(schedule, period.end).contains(instant)
    assert not period_of(schedule, period.start - timedelta(microseconds=1)).contains(instant)


@deterministic
@given(anchor=instants, zone=st.sampled_from(ZONES), now=instants)
def test_days_elapsed_count_from_one_to_all_days(anchor: datetime, zone: str, now: datetime) -> None:
    period = period_of(schedule_from(anchor, zone), now)
    assert 1 <= period.days_elapsed(now) <= period.days <= 33
    assert period.days_elapsed(period.start) == 1
    assert period.days_elapsed(period.end - timedelta(seconds=1)) == period.days
    assert period.start <= period.display_end < period.end


@deterministic
@given(registered=instants, zone=st.sampled_from(ZONES))
def test_a_registration_is_within_its_first_day(registered: datetime, zone: str) -> None:
    anchor = first_schedule(registered, zone).since
    assert anchor <= registered < anchor + timedelta(hours=25)


@deterministic
@given(
    anchor=instants,
    zone=st.sampled_from(ZONES),
    changes=st.lists(st.tuples(st.integers(1, 100 * 86_400_000), st.sampled_from([None, *ZONES])), max_size=5),
)
@example(anchor=at("2026-01-31T00:00Z"), zone="UTC", changes=[(28 * 86_400_000, None), (1, None)])
@example(anchor=at("2026-01-31T00:00Z"), zone="Pacific/Apia", changes=[(1, "America/New_York"), (1, "UTC"), (9, None)])
def test_periods_are_gapless_over_any_changes_of_plan_and_zone(
    anchor: datetime, zone: str, changes: list[tuple[int, str | None]]
) -> None:
    """The first starts at the anchor, each change of plan starts one, and none is longer than a month."""
    schedule, now, plans = schedule_from(anchor, zone), anchor, set()
    for milliseconds, another in changes:
        now += timedelta(milliseconds=milliseconds)
        if another is None:
            schedule = with_anchor(schedule, now)
            plans.add(now)
        else:
            schedule = with_zone(schedule, another, now=now)
    starts, period = {anchor}, period_of(schedule, anchor)
    assert period.start == anchor
    while period.start < now + timedelta(days=100):
        assert timedelta(0) < period.end - period.start < timedelta(days=34)
        for inside in (period.start, period.start + (period.end - period.start) / 2, period.end - timedelta.resolution):
            assert period_of(schedule, inside) == period
        assert schedule_at(schedule, period.start).zone == period.zone
        following = period_of(schedule, period.end)
        assert following.start == period.end
        starts.add(following.start)
        period = following
    assert plans <= starts


@deterministic
@given(anchor=instants, zone=st.sampled_from(ZONES), instant=instants)
def test_each_period_is_one_month_of_its_subscription_year(anchor: datetime, zone: str, instant: datetime) -> None:
    schedule = schedule_from(anchor, zone)
    period = period_of(schedule, instant)
    start, end, month = year_of(schedule, period)
    assert start <= period.start < period.end <= end
    assert 1 <= month <= 12
    assert (month == 1) == (period.start == start)
    assert (month == 12) == (period.end == end)
    assert period_of(schedule, start - timedelta.resolution).end == start
