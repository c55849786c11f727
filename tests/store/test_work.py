"""The index of due work, the outbox, and numbered lists."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tallybook.domain.outbox import BusEvent, Mail
from tallybook.domain.times import stamp
from tallybook.store import keys, outbox
from tallybook.store.capacity import CapacityMeter
from tallybook.store.commands import Put
from tallybook.store.conflicts import WriteConflict
from tallybook.store.table import Tables
from tests.support.cloud import NAMES, meter_of

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
MAIL = Mail("welcome", ("ada@example.com",), {"name": None, "credits": 5})


@pytest.fixture
def tables(client: Any) -> Tables:
    return Tables(client, NAMES, observer=CapacityMeter(), pause=lambda _: None)


def due(tables: Tables, place: str, **query: Any) -> list[str]:
    return [found.key.pk for found in tables.query_due(place, **query)]


def test_due_work_is_found_in_order_up_to_an_instant_and_a_limit(tables: Tables) -> None:
    for minute in (3, 1, 2):
        at = stamp(NOW + timedelta(minutes=minute))
        tables.write(Put(keys.outbox(str(minute)), {"work": "outbox#0", "due": at}))
    tables.write(Put(keys.outbox("other"), {"work": "outbox#1", "due": stamp(NOW)}))
    assert due(tables, "outbox#0") == ["OUTBOX#1", "OUTBOX#2", "OUTBOX#3"]
    assert due(tables, "outbox#0", until=stamp(NOW + timedelta(minutes=2))) == ["OUTBOX#1", "OUTBOX#2"]
    assert due(tables, "outbox#0", limit=1) == ["OUTBOX#1"]
    assert due(tables, "outbox#0", limit=2, newest_first=True) == ["OUTBOX#3", "OUTBOX#2"]
    assert due(tables, "outbox#9") == []


def test_a_query_that_finds_nothing_costs_half_a_unit(tables: Tables) -> None:
    due(tables, "outbox#0")
    assert (meter_of(tables).calls, meter_of(tables).read_units) == (1, 0.5)


def test_a_cause_writes_one_mail_and_one_announcement(tables: Tables) -> None:
    mail = outbox.put_mail(MAIL, "account", "7", at=NOW, account_id="a")
    events = outbox.put_events([BusEvent("One", {"n": 1}), BusEvent("Two", {})], account_id="a", number=7, at=NOW)
    tables.transact([mail, events])
    for again in (mail, events):
        with pytest.raises(WriteConflict):
            tables.write(Put(again.key, {**again.item, "attempts": 1}))
    assert mail.key != outbox.put_mail(MAIL, "account", "8", at=NOW).key
    stored = outbox.read_outbox_item(tables.get(events.key) or {})
    announcement = outbox.read_announcement(stored)
    assert (announcement.sequence, len(announcement.events)) == (7, 2)
    assert [(event.name, event.data, event.version) for event in announcement.events] == [
        ("One", {"n": 1}, 1),
        ("Two", {}, 1),
    ]
    assert len({event.id for event in announcement.events}) == 2
    assert (stored.state, stored.due, stored.attempts, stored.account_id) == ("waiting", NOW, 0, "a")


def test_a_mail_is_read_as_it_was_written(tables: Tables) -> None:
    put = outbox.put_mail(MAIL, "cause", at=NOW)
    tables.write(put)
    mail = outbox.read_mail(outbox.read_outbox_item(tables.get(put.key) or {}))
    assert mail == MAIL
    assert type(mail.context["credits"]) is int


def test_only_one_of_two_deliveries_claims_an_item(tables: Tables) -> None:
    put = outbox.put_mail(MAIL, "cause", at=NOW)
    tables.write(put)
    item = outbox.read_outbox_item(tables.get(put.key) or {})
    tables.write(outbox.claim(item, now=NOW))
    for stale in (
        outbox.claim(item, now=NOW),
        outbox.mark_delivered(item, at=NOW),
        outbox.note_sent(item, "a@b.example"),
    ):
        with pytest.raises(WriteConflict):
            tables.write(stale)


@pytest.mark.parametrize("missing", [0, 2])
def test_numbered_items_cost_half_unless_the_read_lags(client: Any, missing: int) -> None:
    lagging: list[bool] = []

    def interceptor(operation: str, call: Any) -> Any:
        answer = call()
        if operation == "query" and not lagging:
            lagging.append(True)
            answer["Items"] = answer["Items"][: len(answer["Items"]) - missing]
        return answer

    tables = Tables(client, NAMES, interceptor=interceptor, observer=CapacityMeter(), pause=lambda _: None)
    for number in range(1, 6):
        tables.write(Put(keys.audit("a", number), {"number": number}))
    meter_of(tables).clear()
    found = tables.query_numbered(partial(keys.audit, "a"), newest=4, limit=3)
    assert [item["number"] for item in found] == [4, 3, 2]
    assert meter_of(tables).read_units == (1.5 if missing else 0.5)


def test_numbered_items_stop_at_after_and_absent_ones_cost_nothing(tables: Tables) -> None:
    for number in range(1, 6):
        tables.write(Put(keys.audit("a", number), {"number": number}))

    def numbers(**bounds: int) -> list[int]:
        return [int(item["number"]) for item in tables.query_numbered(partial(keys.audit, "a"), **bounds)]

    assert numbers(newest=5, limit=9) == [5, 4, 3, 2, 1]
    assert numbers(newest=4, limit=9, after=2) == [4, 3]
    meter_of(tables).clear()
    assert numbers(newest=0, limit=9) == numbers(newest=-3, limit=9) == numbers(newest=2, limit=9, after=2) == []
    assert meter_of(tables).operations == []
