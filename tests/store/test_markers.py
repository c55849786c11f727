"""A marker holds what is known of an event within one KB, and markers of older code stay readable."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tallybook.domain.counted_events import Acceptance
from tallybook.domain.ids import derived_id
from tallybook.domain.usage import Event
from tallybook.store import keys
from tallybook.store.capacity import item_size
from tallybook.store.commands import Put, whole_item
from tallybook.store.events import put_marker, read_marker, stored_content
from tallybook.store.table import Tables

NOW = datetime(2026, 4, 20, 12, 34, 56, 789_000, tzinfo=UTC)
START = datetime(2026, 3, 31, 22, tzinfo=UTC)
A, B, C, D, E, F = (derived_id(name) for name in "abcdef")
EVENT = Event(
    source="metal-7",
    id="event 1",
    time=NOW - timedelta(minutes=3),
    account_id=A,
    meter="container_minutes",
    quantity=Decimal("2.5"),
    user_id=B,
    session_id=C,
    app_id="my-app",
    sku="M",
)
ACCEPTANCE = Acceptance(
    at=NOW,
    period_start=START,
    late_for=START + timedelta(days=30),
    key_id=D,
    plan="pro",
    catalog_version=12,
    price="USD graduated: 1 to 5, 2 + 0.5 to 10, 0.000003",
    entry_id=E,
    amount=12_345_678,
)
OLD = {
    "account_id": "a-1",
    "period": "2026-03-31T22:00:00.000Z",
    "meter": "cpu_seconds",
    "quantity": "2.5",
    "expires": 1_779_000_000,
}


def size_of(event: Event, acceptance: Acceptance = ACCEPTANCE) -> int:
    return item_size(whole_item(put_marker(event, acceptance)))


def test_a_marker_is_read_as_it_was_written(tables: Tables) -> None:
    marker = put_marker(EVENT, ACCEPTANCE)
    tables.transact([marker])
    item = tables.get(marker.key) or {}
    found = read_marker(item, source=EVENT.source, id=EVENT.id)
    assert found.acceptance == ACCEPTANCE
    for name in ("source", "id", "time", "account_id", "meter", "quantity", "user_id", "session_id", "app_id", "sku"):
        assert getattr(found, name) == getattr(EVENT, name), name
    assert (item["s"], item["i"], stored_content(item)) == (EVENT.source, EVENT.id, EVENT.content)


def test_ids_that_are_no_uuids_stay_as_they_are(tables: Tables) -> None:
    for id in ("s" * 64, "Ü", C.upper(), C.replace("-", ""), f"{C} "):
        event = replace(EVENT, id=id, user_id=None, session_id=id, app_id=id)
        marker = put_marker(event, ACCEPTANCE)
        tables.transact([marker])
        found = read_marker(tables.get(marker.key) or {}, source=event.source, id=id)
        assert (found.user_id, found.session_id, found.app_id) == (None, id, id)


def test_a_typical_marker_is_well_below_one_kilobyte() -> None:
    timely = ACCEPTANCE._replace(late_for=None, entry_id=None, amount=None)
    assert size_of(replace(EVENT, source="tallybook-meter", id=f"{C}/1234"), timely) <= 480


@pytest.mark.parametrize("app_id", [F, "a" * 36])
def test_the_longest_source_and_id_leave_a_marker_within_one_kilobyte(app_id: str) -> None:
    longest = replace(
        EVENT,
        source="s" * 256,
        id="i" * 256,
        quantity=Decimal("999999999999999.999999999"),
        app_id=app_id,
        meter="m" * 24,
        sku="k" * 16,
    )
    acceptance = ACCEPTANCE._replace(price="p" * 60, plan="l" * 16, catalog_version=999_999, amount=10**15)
    assert size_of(longest, acceptance) <= 1024


@pytest.mark.parametrize("late_for", [None, "2026-04-30T22:00:00.000Z"])
def test_a_marker_of_older_code_shows_what_it_has(tables: Tables, late_for: str | None) -> None:
    key = keys.marker(EVENT.identity)
    tables.write(Put(key, OLD | {"content": EVENT.content, "late_for": late_for}))
    item = tables.get(key) or {}
    assert stored_content(item) == EVENT.content
    found = read_marker(item, source=EVENT.source, id=EVENT.id)
    assert (found.source, found.id, found.account_id, found.meter) == ("metal-7", "event 1", "a-1", "cpu_seconds")
    assert (found.time, found.user_id, found.session_id, found.app_id, found.sku) == (None,) * 5
    late = START + timedelta(days=30) if late_for else None
    accepted_at = datetime.fromtimestamp(1_779_000_000, UTC) - timedelta(days=36)
    assert found.acceptance == Acceptance(at=accepted_at, period_start=START, late_for=late)
