"""The current bill equals the invoice it would become, and its reading cost does not grow with events."""

from datetime import UTC, datetime

import pytest

from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.wire.requests.cloudevents import read_events
from tests.support.app import App
from tests.support.ndjson import as_json


def test_reading_the_bill_of_an_unopened_period_opens_it(app: App) -> None:
    member = app.member()
    app.clock.advance(days=100)
    first = read_current_bill(app.ctx, member.account)
    assert first.bill.cost == 0
    assert first.bill.period.start == datetime(2026, 7, 20, tzinfo=UTC)
    assert read_current_bill(app.ctx, member.account) == first


def test_the_trend_has_each_utc_day_so_far_and_adds_up_to_the_cost(app: App) -> None:
    member = app.member()
    for day in range(10):
        app.record(app.event(member, quantity=1234 * (day + 1)))
        app.clock.advance(days=1)
    app.clock.advance(days=2)
    bill = read_current_bill(app.ctx, member.account).bill
    days = [day for day, _ in bill.daily_trend]
    assert (days[0], days[-1], len(days)) == ("2026-04-20", "2026-05-02", 13)
    assert sum(cost for _, cost in bill.daily_trend) == bill.cost == 950_000


def test_each_meter_is_rounded_once_from_its_sum(app: App) -> None:
    member = app.member()
    for _ in range(10):
        app.record(app.event(member, quantity=300), app.event(member, meter="traffic_gb_seconds", quantity=300))
    bill = read_current_bill(app.ctx, member.account).bill
    assert bill.cost == 40_000 + 60_000


@pytest.mark.parametrize("events", [10, 1000])
def test_reading_a_bill_costs_the_same_after_any_number_of_events(app: App, events: int) -> None:
    member = app.member()
    submitted = read_events(as_json([app.event(member, quantity=1) for _ in range(events)]))
    record_usage(app.ctx, submitted, app.ctx.tables.get_many(account_keys(submitted)))
    app.meter.clear()
    read_current_bill(app.ctx, member.account)
    assert (app.meter.calls, app.meter.read_units) == (1, 1)
