"""Template storage is summed by user, account and hour; the gauge is the latest full hour's sum."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.usage import MARKER_LIFE, Event
from tallybook.store import keys
from tallybook.store.gauges import add_gauges, gauge_keys, gauge_keys_of, gauge_value
from tallybook.store.table import Tables

NOON = datetime(2026, 4, 20, 12, tzinfo=UTC)
EVENT = Event("metal-7", "1", NOON, "a", "template_storage_gb_hours", Decimal("2.5"), user_id="u")


def hours(tables: Tables, user_id: str | None, day: str = "2026-04-20") -> dict[str, Decimal]:
    item = tables.get(keys.gauge("a", user_id, day)) or {}
    return {name: value for name, value in item.items() if name.startswith("h:")}


def test_an_hours_events_add_up_for_their_user_and_the_account(tables: Tables) -> None:
    shared, later = replace(EVENT, user_id=None), replace(EVENT, time=NOON + timedelta(minutes=60))
    for events in ([EVENT, EVENT, shared, later], [replace(EVENT, user_id="v", quantity=Decimal("0.001"))]):
        tables.transact(add_gauges(events))
    assert hours(tables, "u") == {"h:12": Decimal(5), "h:13": Decimal("2.5")}
    assert hours(tables, "v") == {"h:12": Decimal("0.001")}
    assert hours(tables, None) == {"h:12": Decimal("7.501"), "h:13": Decimal("2.5")}


def test_hours_are_stored_by_utc_day_and_kept_as_long_as_markers(tables: Tables) -> None:
    last = NOON.replace(hour=23, minute=59)
    tables.transact(add_gauges([replace(EVENT, time=last), replace(EVENT, time=last + timedelta(minutes=1))]))
    assert hours(tables, "u") == {"h:23": Decimal("2.5")}
    assert hours(tables, "u", "2026-04-21") == {"h:00": Decimal("2.5")}
    item = tables.get(keys.gauge("a", "u", "2026-04-20")) or {}
    assert item["expires"] == int((last + MARKER_LIFE).timestamp())


def test_an_event_ahead_of_the_clock_is_added_to_its_counted_hour(tables: Tables) -> None:
    tables.transact(add_gauges([replace(EVENT, time=NOON + timedelta(minutes=5), counted_at=NOON)]))
    tables.transact(add_gauges([replace(EVENT, time=NOON, counted_at=NOON - timedelta(minutes=1))]))
    assert hours(tables, "u") == {"h:12": Decimal("2.5"), "h:11": Decimal("2.5")}


def test_other_meters_do_not_change_the_gauge() -> None:
    other = replace(EVENT, meter="cpu_seconds")
    assert gauge_keys_of(other) == set()
    assert add_gauges([other]) == []
    assert gauge_keys_of(EVENT) == {keys.gauge("a", None, "2026-04-20"), keys.gauge("a", "u", "2026-04-20")}


def test_today_and_yesterday_are_read() -> None:
    today, yesterday = gauge_keys("a", "u", now=NOON)
    assert (today.sk, yesterday.sk) == ("2026-04-20", "2026-04-19")


@pytest.mark.parametrize(
    ("today", "yesterday", "gauge"),
    [
        (None, None, 0),
        ({"h:09": 3, "h:11": 4, "h:10": 9}, {"h:23": 7}, 4),
        ({"h:11": 4, "h:12": 1}, None, 4),  # the present hour is not over yet
        ({"h:11": 4, "h:12": 9}, None, 9),  # but is higher already
        ({"h:12": 1}, {"h:22": 6, "h:23": 7}, 1),
        ({"h:09": 3}, {"expires": 5}, 3),
        ({"h:08": 3}, None, 0),  # three hours without an event: nothing is stored
        ({"h:13": 8}, None, 0),
        ({"h:11": 0, "h:10": 5}, None, 0),
        (None, {"h:23": 7}, 0),
    ],
)
def test_the_gauge_is_the_latest_of_the_last_hours_with_an_event(today: Any, yesterday: Any, gauge: int) -> None:
    assert gauge_value(today, yesterday, now=NOON + timedelta(minutes=59)) == gauge


@pytest.mark.parametrize(("hour", "gauge"), [(0, 7), (1, 7), (2, 7), (3, 0)])
def test_the_last_hours_reach_back_over_midnight(hour: int, gauge: int) -> None:
    now = NOON.replace(hour=hour, minute=30)
    assert gauge_value(None, {"h:20": 5, "h:23": 7}, now=now) == gauge
