"""Each export continues where the one before ended, so that no change is missing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.archive import DAY, SETTLED, SHORTEST, Archive, Export, completed, failed, next_export


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_first_export_has_all_items() -> None:
    assert next_export(Archive(), at("2026-11-01T10:00")) == Export(None, None)


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("2026-11-01T10:17", "2026-11-02T00:00"),
        ("2026-11-02T00:00", "2026-11-03T00:00"),
        ("2026-11-01T23:45", "2026-11-02T00:00"),
        ("2026-11-01T23:46", "2026-11-02T00:46"),  # a window has at least 15 minutes
    ],
)
def test_a_window_ends_at_midnight_and_is_exported_ten_minutes_later(until: str, end: str) -> None:
    archive = Archive(at(until))
    assert next_export(archive, at(end) + SETTLED - timedelta(seconds=1)) is None
    assert next_export(archive, at(end) + SETTLED) == Export(at(until), at(end))


def test_missed_days_are_exported_one_after_the_other() -> None:
    archive, now, windows = Archive(at("2026-11-01T00:00")), at("2026-11-05T12:00"), []
    while export := next_export(archive, now):
        windows.append(export)
        archive = completed(archive._replace(export=export, arn="arn"))
    assert [window.start for window in windows] == [at(f"2026-11-0{day}T00:00") for day in (1, 2, 3, 4)]


def test_a_running_export_is_awaited_and_a_failed_one_is_made_again() -> None:
    window, now = Export(at("2026-11-01T00:00"), at("2026-11-02T00:00")), at("2026-11-09T00:00")
    running = Archive(at("2026-11-01T00:00"), window, "arn", 1)
    assert next_export(running, now) is None
    assert failed(running) == Archive(at("2026-11-01T00:00"), tries=2)
    assert next_export(failed(running), now) == window


def test_all_items_are_exported_again_when_changes_may_be_gone() -> None:
    archive = Archive(at("2026-11-01T00:00"))
    assert next_export(archive, at("2026-12-05T00:00")) == Export(at("2026-11-01T00:00"), at("2026-11-02T00:00"))
    assert next_export(archive, at("2026-12-05T00:01")) == Export(None, None)


# Hypothesis takes bounds without a zone, and adds it.
@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)), st.integers(1, 20))  # noqa: DTZ001
def test_windows_are_as_dynamodb_allows_and_without_a_gap(first: datetime, hours: int) -> None:
    archive = Archive(first.replace(microsecond=0))
    for _ in range(5):
        before = archive.until
        now = before + timedelta(days=2, hours=hours)
        export = next_export(archive, now)
        assert export
        assert export.start == before
        assert SHORTEST <= export.end - export.start <= DAY
        archive = completed(archive._replace(export=export, arn="arn"))
        assert archive.until == export.end
