"""Usage is counted exactly once, in the period and on the day it belongs to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.closing_cursor import GRACE
from tallybook.domain.periods import period_of
from tallybook.domain.times import stamp
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.store.commands import Update
from tallybook.store.periods import period_key, read_billing_period
from tallybook.store.usage_counters import quantities_of
from tallybook.wire.requests.cloudevents import read_events
from tests.support.app import App, Member
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json


def record(app: App, *events: dict[str, Any]) -> list[str]:
    """Status, or status and reason, of each event."""
    submitted = read_events(as_json(list(events)))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    results = record_usage(app.ctx, submitted, accounts)
    check_invariants(app)
    return [f"{result.status} {result.reason}" if result.reason else result.status for result in results]


def totals(app: App, member: Member) -> dict[tuple[str, str | None], Decimal]:
    counters = [item for item in app.stored("usage") if member.account.id in item["pk"]]
    return quantities_of(item for item in counters if item["sk"].startswith("period#"))


@pytest.fixture
def member(app: App) -> Member:
    return app.member()


def test_an_event_counts_once_however_often_it_is_sent(app: App, member: Member) -> None:
    event = app.event(member, quantity=100)
    assert record(app, event) == ["accepted"]
    assert record(app, event, event) == ["duplicate", "duplicate"]
    assert totals(app, member) == {("cpu_seconds", None): 100}


def test_an_event_twice_in_one_request_counts_once(app: App, member: Member) -> None:
    event = app.event(member)
    other = app.event(member)
    assert record(app, event, other, event) == ["accepted", "accepted", "duplicate"]


def test_the_same_identity_with_other_content_is_a_conflict_and_counts_nothing(app: App, member: Member) -> None:
    event = app.event(member, quantity=100)
    changed = {**event, "data": {**event["data"], "quantity": 101}}
    assert record(app, event, changed) == ["accepted", "conflict"]
    assert record(app, changed, event) == ["conflict", "duplicate"]
    assert totals(app, member) == {("cpu_seconds", None): 100}


def test_content_is_compared_parsed(app: App, member: Member) -> None:
    event = app.event(member, quantity=1, time="2026-04-20T12:00:00Z")
    same = {**event, "time": "2026-04-20T14:00:00.000+02:00", "data": {**event["data"], "quantity": "1.0"}}
    assert record(app, event) == ["accepted"]
    assert record(app, same) == ["duplicate"]


def test_one_source_and_id_is_one_event_in_the_whole_installation(app: App, member: Member) -> None:
    event = app.event(member)
    stranger = app.member()
    assert record(app, event) == ["accepted"]
    assert record(app, {**event, "subject": stranger.subject}) == ["conflict"]
    assert record(app, {**event, "source": "elsewhere"}) == ["accepted"]


def test_more_events_than_one_transaction_holds_are_counted_in_several(app: App, member: Member) -> None:
    events = [app.event(member, quantity=1) for _ in range(250)]
    assert record(app, *events) == ["accepted"] * 250
    assert app.meter.operations.count("transact") >= 3
    assert totals(app, member) == {("cpu_seconds", None): 250}


def test_duplicates_among_new_events_do_not_hold_the_new_ones_up(app: App, member: Member) -> None:
    events = [app.event(member, quantity=1) for _ in range(120)]
    record(app, *events[::3])
    expected = ["duplicate" if index % 3 == 0 else "accepted" for index in range(120)]
    assert record(app, *events) == expected


def test_events_of_several_accounts_are_counted_each_on_its_own(app: App, member: Member) -> None:
    stranger = app.member()
    events = [app.event(one, quantity=1) for one in (member, stranger, member)]
    assert record(app, *events) == ["accepted"] * 3
    assert totals(app, member) == {("cpu_seconds", None): 2}
    assert totals(app, stranger) == {("cpu_seconds", None): 1}


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"time": timedelta(minutes=9)}, "accepted"),
        ({"time": timedelta(minutes=11)}, "rejected too_far_ahead"),
        ({"time": timedelta(days=-36)}, "rejected too_old"),
        ({"time": "9999-12-31T23:59:59Z"}, "rejected too_far_ahead"),
        ({"time": "0001-01-01T00:00:00Z"}, "rejected too_old"),
        ({"time": timedelta(days=-2)}, "rejected before_account"),
        ({"meter": "kilowatts"}, "rejected unknown_meter"),
        ({"meter": "container_minutes", "sku": "XXL"}, "rejected unknown_sku"),
        ({"meter": "container_minutes"}, "rejected unknown_sku"),
        ({"meter": "container_minutes", "sku": "M"}, "accepted"),
        ({"meter": "credits", "quantity": "1.5"}, "rejected quantity must be a whole number"),
    ],
)
def test_what_may_count_is_decided_event_by_event(
    app: App, member: Member, changes: dict[str, Any], answer: str
) -> None:
    moved = {
        name: app.clock.now() + value if isinstance(value, timedelta) else value for name, value in changes.items()
    }
    event = app.event(member, **moved)
    fine = app.event(member)
    assert record(app, event, fine) == [answer, "accepted"]
    if answer != "accepted":
        assert totals(app, member) == {("cpu_seconds", None): 100}


def test_a_refused_event_leaves_no_marker_and_may_come_again(app: App, member: Member) -> None:
    event = app.event(member, time=app.clock.now() + timedelta(minutes=11))
    assert record(app, event) == ["rejected too_far_ahead"]
    app.clock.advance(minutes=5)
    assert record(app, event) == ["accepted"]


def test_an_event_a_little_ahead_counts_on_the_day_of_its_arrival(app: App, member: Member) -> None:
    app.clock.moment = datetime(2026, 4, 21, 23, 55, tzinfo=UTC)
    assert record(app, app.event(member, time=datetime(2026, 4, 22, 0, 4, tzinfo=UTC))) == ["accepted"]
    days = [item["sk"] for item in app.stored("usage") if item["sk"].startswith("day#")]
    assert days == ["day#2026-04-21#0"]


def test_an_event_belongs_to_the_period_that_holds_its_time(app: App, member: Member) -> None:
    app.clock.moment = datetime(2026, 5, 20, 0, 30, tzinfo=UTC)
    before, after = datetime(2026, 5, 19, 23, 59, tzinfo=UTC), datetime(2026, 5, 20, tzinfo=UTC)
    events = [app.event(member, quantity=1, time=before), app.event(member, quantity=2, time=after)]
    assert record(app, *events) == ["accepted", "accepted"]
    fences = {item["pk"][-24:]: item for item in app.stored("usage") if item["sk"] == "period#0"}
    assert fences["2026-04-20T00:00:00.000Z"]["q:cpu_seconds"] == 1
    assert fences["2026-05-20T00:00:00.000Z"]["q:cpu_seconds"] == 2


def test_a_period_pins_the_catalog_it_opened_with(app: App, member: Member) -> None:
    record(app, app.event(member, quantity=1_000_000))
    dearer = [{"model": "per_unit", "unit_price": "1"}]
    meters = app.catalog_data()["meters"]
    app.apply_catalog(meters=meters | {"cpu_seconds": meters["cpu_seconds"] | {"prices": dearer}})
    assert read_current_bill(app.ctx, member.account).bill.cost == 14_000_000
    app.clock.advance(days=31)
    record(app, app.event(member, quantity=3))
    assert read_current_bill(app.ctx, member.account).bill.cost == 3_000_000


def test_the_wallet_pays_in_the_transaction_that_accepts(app: App, member: Member) -> None:
    events = [app.event(member, meter="credits", quantity=300_000, app_id="writer") for _ in range(4)]
    assert record(app, *events) == ["accepted"] * 4
    entries = [item for item in app.stored("core") if item["sk"].startswith("ENTRY#")]
    assert [(entry["kind"], entry["amount"]) for entry in entries] == [("welcome", 1_000_000), ("usage", -1_200_000)]
    assert read_current_bill(app.ctx, member.account).bill.cost == 0


def test_more_shards_take_the_writes_and_add_up_to_one_bill(app: App) -> None:
    app.reshape(usage_shards=4)
    member = app.member()
    for _ in range(12):
        record(app, app.event(member, quantity=100_000))
    written = [item for item in app.stored("usage") if item["sk"].startswith("period#") and "q:cpu_seconds" in item]
    assert len(written) > 1
    assert read_current_bill(app.ctx, member.account).bill.cost == 16_800_000


def test_what_is_not_done_in_time_is_for_the_sender_to_send_again(app: App, member: Member) -> None:
    ticks = iter(range(0, 1000, 15))
    app.reshape(elapsed=lambda: float(next(ticks)))
    events = [app.event(member, quantity=1) for _ in range(250)]
    answers = record(app, *events)
    assert answers.count("rejected retry") > 0
    assert answers.count("accepted") > 0
    app.reshape()
    assert set(record(app, *events)) == {"accepted", "duplicate"}
    assert totals(app, member) == {("cpu_seconds", None): 250}


def test_an_account_that_changes_while_its_period_opens_sends_its_events_again(app: App, member: Member) -> None:
    stranger = app.member()
    app.clock.advance(days=31)
    events = [app.event(member), app.event(stranger)]
    submitted = read_events(as_json(events))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    app.change_account(member, plan="pro")
    assert [result.reason for result in record_usage(app.ctx, submitted, accounts)] == ["retry", None]
    assert record(app, *events) == ["accepted", "duplicate"]


def test_a_refused_event_says_nothing_of_the_next_with_its_identity(app: App, member: Member) -> None:
    fine = app.event(member)
    bad = {**fine, "data": {**fine["data"], "meter": "kilowatts"}}
    assert record(app, bad, fine, bad, fine) == ["rejected unknown_meter", "accepted", "conflict", "duplicate"]


def test_wallet_events_cost_no_more_than_others_to_count(app: App, member: Member) -> None:
    events = [app.event(member, meter="credits", quantity=1) for _ in range(450)]
    app.meter.clear()
    submitted = read_events(as_json(events))
    record_usage(app.ctx, submitted, app.ctx.tables.get_many(account_keys(submitted)))
    assert app.meter.calls == 2 + 5
    assert app.meter.write_units <= 2.5 * 450
    check_invariants(app)


def test_an_account_deleted_on_the_way_is_told_so_at_once(app: App, member: Member) -> None:
    submitted = read_events(as_json([app.event(member, meter="credits", quantity=1)]))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    app.change_account(member, status="deleted")
    app.meter.clear()
    assert [result.reason for result in record_usage(app.ctx, submitted, accounts)] == ["account_deleted"]
    assert app.meter.calls == 3


def test_an_event_for_a_closed_period_counts_under_the_next_period_key(app: App, member: Member) -> None:
    record(app, app.event(member, app_id="writer"))
    period = member.account.closing_cursor.period
    app.clock.moment = period.end + GRACE
    app.invoice_due()
    event = app.event(member, quantity=7, time=period.start, user_id=member.user_id, app_id="writer")
    assert record(app, event) == ["accepted"]
    assert record(app, event) == ["duplicate"]
    assert totals(app, member) == {("cpu_seconds", None): 100}
    target = app.account_of(member).closing_cursor.period
    late = {item["sk"]: item for item in app.stored("usage") if item["sk"].startswith("late#")}
    assert quantities_of(late.values()) == {("cpu_seconds", None): 7}
    assert list(late) == [f"late#{stamp(target.start)}#0"]
    told = app.ctx.tables.get(period_key(member.account.id, target)) or {}
    assert read_billing_period(told).late == {stamp(period.start)}
    apps = [item for item in app.stored("usage") if item["sk"].startswith("app#")]
    assert sum(quantities_of(apps).values()) == 107


def test_late_and_timely_events_of_one_call_are_counted_in_one_transaction(app: App, member: Member) -> None:
    first = member.account.closing_cursor.period
    app.clock.moment = first.end + GRACE
    app.invoice_due()
    events = [app.event(member, quantity=1, time=first.start), app.event(member, quantity=2)]
    app.meter.clear()
    assert record(app, *events) == ["accepted", "accepted"]
    assert app.meter.operations.count("transact") == 1


def test_an_event_that_meets_a_closed_fence_looks_again_and_counts_late(app: App, member: Member) -> None:
    """Its sender had read the account and its period while they were open."""
    submitted = read_events(as_json([app.event(member, time=member.account.closing_cursor.period.start)]))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    app.clock.moment = member.account.closing_cursor.period.end + GRACE
    app.invoice_due()
    assert [result.status for result in record_usage(app.ctx, submitted, accounts)] == ["accepted"]
    assert totals(app, member) == {}
    check_invariants(app)


def test_a_period_closed_while_its_fence_was_read_does_not_take_the_event(app: App, member: Member) -> None:
    record(app, app.event(member))
    period = period_of(member.account.schedule, app.clock.now())
    app.ctx.tables.write(Update(period_key(member.account.id, period), remove=("open",)))
    submitted = read_events(as_json([app.event(member)]))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    app.meter.clear()
    answers = record_usage(app.ctx, submitted, accounts)
    assert [result.reason for result in answers] == ["retry"]
    assert totals(app, member) == {("cpu_seconds", None): 100}


def test_the_smallest_quantities_add_up(app: App) -> None:
    member = app.member()
    for _ in range(3):
        assert [one.status for one in app.record(app.event(member, quantity="0.000000001"))] == ["accepted"]
    assert sum(Decimal(item["quantity"]) for item in app.stored("usage", "EVENT")) == Decimal("0.000000003")
    check_invariants(app)
