"""Growing totals become events that add up to them."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.cli.meter.session import Session, UsageEvents
from tallybook.domain.usage import Event
from tallybook.wire.requests.cloudevents import read_events

SESSION = Session("one", datetime(2026, 4, 20, 12, 0, tzinfo=UTC), "acc-1", "usr-1", app_id="app")

growth = st.lists(st.decimals(0, 10**6, places=9), max_size=8)


@given(cpu=growth, ram=growth)
def test_a_sessions_events_add_up_to_its_totals_and_have_distinct_ids(cpu, ram):
    events = UsageEvents(SESSION)
    totals = {"cpu_seconds": Decimal(0), "ram_gb_seconds": Decimal(0)}
    sent: list[Event] = []
    for step, (more_cpu, more_ram) in enumerate(zip(cpu, ram, strict=False)):
        totals["cpu_seconds"] += more_cpu
        totals["ram_gb_seconds"] += more_ram
        for line in events.since(totals, elapsed=step):
            (event,) = read_events(line.event)
            assert isinstance(event, Event)
            sent.append(event)
    for meter, total in totals.items():
        assert sum((event.quantity for event in sent if event.meter == meter), Decimal(0)) == total
    assert len({event.identity for event in sent}) == len(sent)


def test_an_event_has_its_owner_session_and_the_servers_time():
    (line,) = UsageEvents(SESSION).since({"cpu_seconds": Decimal("0.5")}, elapsed=1.25)
    assert json.loads(line.event) == {
        "specversion": "1.0",
        "id": "one/1",
        "source": "tallybook-meter",
        "type": "tallybook.usage.v1",
        "time": "2026-04-20T12:00:01.250Z",
        "subject": "acc-1",
        "data": {"meter": "cpu_seconds", "quantity": "0.5", "user_id": "usr-1", "session_id": "one", "app_id": "app"},
    }


def test_repeated_events_have_the_same_ids():
    batches = [UsageEvents(SESSION).since({"cpu_seconds": Decimal(1)}, elapsed=1) for _ in range(2)]
    assert batches[0] == batches[1]


@pytest.mark.parametrize("total", ["0", "-0"])
def test_no_usage_makes_no_event(total):
    assert UsageEvents(SESSION).since({"cpu_seconds": Decimal(total)}, elapsed=1) == []
