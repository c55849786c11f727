"""Usage is counted exactly once, in the period and on the day it belongs to."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.cycle import GRACE
from tallybook.domain.periods import period_of
from tallybook.domain.times import stamp
from tallybook.services.billing.current_bill import read_current_bill
from tallybook.services.metering.ingest import account_keys, record_usage
from tallybook.store.commands import Update
from tallybook.store.periods import fence, quantities_of, read_opened
from tallybook.wire.requests.cloudevents import read_events
from tests.support.house import House, Member
from tests.support.invariants import check_invariants
from tests.support.ndjson import as_json


def record(house: House, *events: dict[str, Any]) -> list[str]:
    """Status, or status and reason, of each event."""
    submitted = read_events(as_json(list(events)))
    accounts = house.ctx.tables.get_many(account_keys(submitted))
    results = record_usage(house.ctx, submitted, accounts)
    check_invariants(house)
    return [f"{result.status} {result.reason}" if result.reason else result.status for result in results]


def totals(house: House, member: Member) -> dict[tuple[str, str | None], Decimal]:
    counters = [item for item in house.stored("usage") if member.account.id in item["pk"]]
    return quantities_of(item for item in counters if item["sk"].startswith("period#"))


@pytest.fixture
def member(house: House) -> Member:
    return house.member()


def test_an_event_counts_once_however_often_it_is_sent(house: House, member: Member) -> None:
    event = house.event(member, quantity=100)
    assert record(house, event) == ["accepted"]
    assert record(house, event, event) == ["duplicate", "duplicate"]
    assert totals(house, member) == {("cpu_seconds", None): 100}


def test_an_event_twice_in_one_request_counts_once(house: House, member: Member) -> None:
    event = house.event(member)
    other = house.event(member)
    assert record(house, event, other, event) == ["accepted", "accepted", "duplicate"]


def test_the_same_identity_with_other_content_is_a_conflict_and_counts_nothing(house: House, member: Member) -> None:
    event = house.event(member, quantity=100)
    changed = {**event, "data": {**event["data"], "quantity": 101}}
    assert record(house, event, changed) == ["accepted", "conflict"]
    assert record(house, changed, event) == ["conflict", "duplicate"]
    assert totals(house, member) == {("cpu_seconds", None): 100}


def test_content_is_compared_parsed(house: House, member: Member) -> None:
    event = house.event(member, quantity=1, time="2026-04-20T12:00:00Z")
    same = {**event, "time": "2026-04-20T14:00:00.000+02:00", "data": {**event["data"], "quantity": "1.0"}}
    assert record(house, event) == ["accepted"]
    assert record(house, same) == ["duplicate"]


def test_one_source_and_id_is_one_event_in_the_whole_installation(house: House, member: Member) -> None:
    event = house.event(member)
    stranger = house.member()
    assert record(house, event) == ["accepted"]
    assert record(house, {**event, "subject": stranger.subject}) == ["conflict"]
    assert record(house, {**event, "source": "elsewhere"}) == ["accepted"]


def test_more_events_than_one_transaction_holds_are_counted_in_several(house: House, member: Member) -> None:
    events = [house.event(member, quantity=1) for _ in range(250)]
    assert record(house, *events) == ["accepted"] * 250
    assert house.ctx.tables.bill.operations.count("transact") >= 3
    assert totals(house, member) == {("cpu_seconds", None): 250}


def test_duplicates_among_new_events_do_not_hold_the_new_ones_up(house: House, member: Member) -> None:
    events = [house.event(member, quantity=1) for _ in range(120)]
    record(house, *events[::3])
    expected = ["duplicate" if index % 3 == 0 else "accepted" for index in range(120)]
    assert record(house, *events) == expected


def test_events_of_several_accounts_are_counted_each_on_its_own(house: House, member: Member) -> None:
    stranger = house.member()
    events = [house.event(one, quantity=1) for one in (member, stranger, member)]
    assert record(house, *events) == ["accepted"] * 3
    assert totals(house, member) == {("cpu_seconds", None): 2}
    assert totals(house, stranger) == {("cpu_seconds", None): 1}


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
    house: House, member: Member, changes: dict[str, Any], answer: str
) -> None:
    moved = {
        name: house.clock.now() + value if isinstance(value, timedelta) else value for name, value in changes.items()
    }
    event = house.event(member, **moved)
    fine = house.event(member)
    assert record(house, event, fine) == [answer, "accepted"]
    if answer != "accepted":
        assert totals(house, member) == {("cpu_seconds", None): 100}


def test_a_refused_event_leaves_no_marker_and_may_come_again(house: House, member: Member) -> None:
    event = house.event(member, time=house.clock.now() + timedelta(minutes=11))
    assert record(house, event) == ["rejected too_far_ahead"]
    house.clock.advance(minutes=5)
    assert record(house, event) == ["accepted"]


def test_an_event_a_little_ahead_counts_on_the_day_of_its_arrival(house: House, member: Member) -> None:
    house.clock.moment = datetime(2026, 4, 21, 23, 55, tzinfo=UTC)
    assert record(house, house.event(member, time=datetime(2026, 4, 22, 0, 4, tzinfo=UTC))) == ["accepted"]
    days = [item["sk"] for item in house.stored("usage") if item["sk"].startswith("day#")]
    assert days == ["day#2026-04-21#0"]


def test_an_event_belongs_to_the_period_that_holds_its_time(house: House, member: Member) -> None:
    house.clock.moment = datetime(2026, 5, 20, 0, 30, tzinfo=UTC)
    before, after = datetime(2026, 5, 19, 23, 59, tzinfo=UTC), datetime(2026, 5, 20, tzinfo=UTC)
    events = [house.event(member, quantity=1, time=before), house.event(member, quantity=2, time=after)]
    assert record(house, *events) == ["accepted", "accepted"]
    fences = {item["pk"][-24:]: item for item in house.stored("usage") if item["sk"] == "period#0"}
    assert fences["2026-04-20T00:00:00.000Z"]["q:cpu_seconds"] == 1
    assert fences["2026-05-20T00:00:00.000Z"]["q:cpu_seconds"] == 2


def test_a_period_pins_the_catalog_it_opened_with(house: House, member: Member) -> None:
    record(house, house.event(member, quantity=1_000_000))
    dearer = [{"model": "per_unit", "unit_price": "1"}]
    meters = house.catalog_data()["meters"]
    house.apply_catalog(meters=meters | {"cpu_seconds": meters["cpu_seconds"] | {"prices": dearer}})
    assert read_current_bill(house.ctx, member.account).bill.cost == 14_000_000
    house.clock.advance(days=31)
    record(house, house.event(member, quantity=3))
    assert read_current_bill(house.ctx, member.account).bill.cost == 3_000_000


def test_the_wallet_pays_in_the_transaction_that_accepts(house: House, member: Member) -> None:
    events = [house.event(member, meter="credits", quantity=300_000, app_id="writer") for _ in range(4)]
    assert record(house, *events) == ["accepted"] * 4
    entries = [item for item in house.stored("core") if item["sk"].startswith("ENTRY#")]
    assert [(entry["kind"], entry["amount"]) for entry in entries] == [("welcome", 1_000_000), ("usage", -1_200_000)]
    assert read_current_bill(house.ctx, member.account).bill.cost == 0


def test_more_shards_take_the_writes_and_add_up_to_one_bill(house: House) -> None:
    house.reshape(usage_shards=4)
    member = house.member()
    for _ in range(12):
        record(house, house.event(member, quantity=100_000))
    written = [item for item in house.stored("usage") if item["sk"].startswith("period#") and "q:cpu_seconds" in item]
    assert len(written) > 1
    assert read_current_bill(house.ctx, member.account).bill.cost == 16_800_000


def test_what_is_not_done_in_time_is_for_the_sender_to_send_again(house: House, member: Member) -> None:
    ticks = iter(range(0, 1000, 15))
    house.reshape(elapsed=lambda: float(next(ticks)))
    events = [house.event(member, quantity=1) for _ in range(250)]
    answers = record(house, *events)
    assert answers.count("rejected retry") > 0
    assert answers.count("accepted") > 0
    house.reshape()
    assert set(record(house, *events)) == {"accepted", "duplicate"}
    assert totals(house, member) == {("cpu_seconds", None): 250}


def test_an_account_that_changes_while_its_period_opens_sends_its_events_again(house: House, member: Member) -> None:
    stranger = house.member()
    house.clock.advance(days=31)
    events = [house.event(member), house.event(stranger)]
    submitted = read_events(as_json(events))
    accounts = house.ctx.tables.get_many(account_keys(submitted))
    house.change_account(member, plan="pro")
    assert [result.reason for result in record_usage(house.ctx, submitted, accounts)] == ["retry", None]
    assert record(house, *events) == ["accepted", "duplicate"]


def test_a_refused_event_says_nothing_of_the_next_with_its_identity(house: House, member: Member) -> None:
    fine = house.event(member)
    bad = {**fine, "data": {**fine["data"], "meter": "kilowatts"}}
    assert record(house, bad, fine, bad, fine) == ["rejected unknown_meter", "accepted", "conflict", "duplicate"]


def test_wallet_events_cost_no_more_than_others_to_count(house: House, member: Member) -> None:
    events = [house.event(member, meter="credits", quantity=1) for _ in range(450)]
    house.ctx.tables.bill.clear()
    submitted = read_events(as_json(events))
    record_usage(house.ctx, submitted, house.ctx.tables.get_many(account_keys(submitted)))
    assert house.ctx.tables.bill.calls == 2 + 5
    assert house.ctx.tables.bill.write_units <= 2.5 * 450
    check_invariants(house)


def test_an_account_deleted_on_the_way_is_told_so_at_once(house: House, member: Member) -> None:
    submitted = read_events(as_json([house.event(member, meter="credits", quantity=1)]))
    accounts = house.ctx.tables.get_many(account_keys(submitted))
    house.change_account(member, status="deleted")
    house.ctx.tables.bill.clear()
    assert [result.reason for result in record_usage(house.ctx, submitted, accounts)] == ["account_deleted"]
    assert house.ctx.tables.bill.calls == 3


def test_an_event_for_a_closed_period_counts_beside_it_under_the_next_ones_fence(house: House, member: Member) -> None:
    record(house, house.event(member, app_id="writer"))
    period = member.account.cycle.period
    house.clock.moment = period.end + GRACE
    house.invoice_due()
    event = house.event(member, quantity=7, time=period.start, user_id=member.user_id, app_id="writer")
    assert record(house, event) == ["accepted"]
    assert record(house, event) == ["duplicate"]
    assert totals(house, member) == {("cpu_seconds", None): 100}
    target = house.account_of(member).cycle.period
    late = {item["sk"]: item for item in house.stored("usage") if item["sk"].startswith("late#")}
    assert quantities_of(late.values()) == {("cpu_seconds", None): 7}
    assert list(late) == [f"late#{stamp(target.start)}#0"]
    told = house.ctx.tables.get(fence(member.account.id, target)) or {}
    assert read_opened(told).late == {stamp(period.start)}
    apps = [item for item in house.stored("usage") if item["sk"].startswith("app#")]
    assert sum(quantities_of(apps).values()) == 107


def test_late_and_timely_events_of_one_call_are_counted_in_one_transaction(house: House, member: Member) -> None:
    first = member.account.cycle.period
    house.clock.moment = first.end + GRACE
    house.invoice_due()
    events = [house.event(member, quantity=1, time=first.start), house.event(member, quantity=2)]
    house.ctx.tables.bill.clear()
    assert record(house, *events) == ["accepted", "accepted"]
    assert house.ctx.tables.bill.operations.count("transact") == 1


def test_an_event_that_meets_a_closed_fence_looks_again_and_counts_late(house: House, member: Member) -> None:
    """Its sender had read the account and its period while they were open."""
    submitted = read_events(as_json([house.event(member, time=member.account.cycle.period.start)]))
    accounts = house.ctx.tables.get_many(account_keys(submitted))
    house.clock.moment = member.account.cycle.period.end + GRACE
    house.invoice_due()
    assert [result.status for result in record_usage(house.ctx, submitted, accounts)] == ["accepted"]
    assert totals(house, member) == {}
    check_invariants(house)


def test_a_period_closed_while_its_fence_was_read_does_not_take_the_event(house: House, member: Member) -> None:
    record(house, house.event(member))
    period = period_of(member.account.calendar, house.clock.now())
    house.ctx.tables.write(Update(fence(member.account.id, period), remove=("open",)))
    submitted = read_events(as_json([house.event(member)]))
    accounts = house.ctx.tables.get_many(account_keys(submitted))
    house.ctx.tables.bill.clear()
    answers = record_usage(house.ctx, submitted, accounts)
    assert [result.reason for result in answers] == ["retry"]
    assert totals(house, member) == {("cpu_seconds", None): 100}


def test_the_smallest_quantities_add_up(house: House) -> None:
    member = house.member()
    for _ in range(3):
        assert [one.status for one in house.record(house.event(member, quantity="0.000000001"))] == ["accepted"]
    assert sum(Decimal(item["quantity"]) for item in house.stored("usage", "EVENT")) == Decimal("0.000000003")
    check_invariants(house)
