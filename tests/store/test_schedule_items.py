"""An account's schedules are stored and read back, however many there are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tallybook.domain.periods import first_schedule, period_of, schedule_from, with_anchor, with_zone
from tallybook.store.accounts import account_item, read_account
from tallybook.store.schedules import read_schedule, schedule_items
from tests.domain.instants import at
from tests.support.app import App


def test_two_thousand_schedules_are_stored_oldest_first_and_read_back(app: App) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    chain = schedule_from(start, "UTC")
    for number in range(1, 2_000):
        chain = with_anchor(chain, start + timedelta(minutes=number))
    items = schedule_items(chain)
    assert [item["anchor"] for item in items] == sorted({item["anchor"] for item in items})
    assert len(items) == 2_000
    account = read_account(account_item(replace(app.member().account, schedule=chain)))
    assert schedule_items(account.schedule) == items
    assert period_of(account.schedule, start) == period_of(chain, start)


def test_schedules_without_wall_times_read_as_before() -> None:
    """The release before stored an instant, also after a change of zone."""
    items = [
        {"anchor": "2026-03-01T00:00:00.000Z", "zone": "UTC"},
        {
            "anchor": "2026-03-01T00:00:00.000Z",
            "zone": "America/New_York",
            "since": "2026-04-01T00:00:00.000Z",
            "first": 1,
        },
        {
            "anchor": "2026-05-10T12:00:00.000Z",
            "zone": "America/New_York",
            "since": "2026-05-10T12:00:00.000Z",
            "first": 0,
        },
    ]
    schedule = read_schedule(items)
    periods = [period_of(schedule, at(f"2026-{month:02}-15T00:00Z")) for month in (3, 4, 5, 6)]
    assert [(period.start, period.end) for period in periods] == [
        (at("2026-03-01T00:00Z"), at("2026-04-01T00:00Z")),
        (at("2026-04-01T00:00Z"), at("2026-04-28T23:00Z")),
        (at("2026-05-10T12:00Z"), at("2026-06-10T12:00Z")),
        (at("2026-06-10T12:00Z"), at("2026-07-10T12:00Z")),
    ]
    assert read_schedule(schedule_items(schedule)) == schedule


def test_a_stored_schedule_is_readable_by_the_release_before() -> None:
    """It reads `anchor` as an instant, and its wall time in the zone of the same item."""
    schedule = with_zone(
        first_schedule(at("2026-03-01T00:00Z"), "UTC"), "America/New_York", now=at("2026-03-10T00:00Z")
    )
    first, second = schedule_items(schedule)
    assert first == {"anchor": "2026-03-01T00:00:00.000Z", "wall": "2026-03-01T00:00:00.000", "zone": "UTC"}
    assert second["anchor"] == "2026-03-01T05:00:00.000Z"
    assert (second["since"], second["first"]) == ("2026-04-01T00:00:00.000Z", 1)


def test_a_skipped_wall_time_is_stored_as_it_is() -> None:
    cairo = first_schedule(at("2027-04-30T08:00Z"), "Africa/Cairo")
    (item,) = schedule_items(cairo)
    assert (item["anchor"], item["wall"]) == ("2027-04-29T22:00:00.000Z", "2027-04-30T00:00:00.000")
    assert read_schedule([item]) == cairo
