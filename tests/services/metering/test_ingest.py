"""Usage is counted exactly once, in its period and on its day."""

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
    """The status of each event, with the reason if it is rejected."""
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


def test_a_repeated_event_is_counted_once(app: App, member: Member) -> None:
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


def test_content_is_compared_by_value_not_spelling(app: App, member: Member) -> None:
    event = app.event(member, quantity=1, time="2026-04-20T12:00:00Z")
    same = {**event, "time": "2026-04-20T14:00:00.000+02:00", "data": {**event["data"], "quantity": "1.0"}}
    assert record(app, event) == ["accepted"]
    assert record(app, same) == ["duplicate"]


def test_a_source_and_id_is_one_event_across_all_accounts(app: App, member: Member) -> None:
    event = app.event(member)
    other_member = app.member()
    assert record(app, event) == ["accepted"]
    assert record(app, {**event, "subject": other_member.subject}) == ["conflict"]
    assert record(app, {**event, "source": "elsewhere"}) == ["accepted"]


def test_more_events_than_fit_one_transaction_are_counted_in_several(app: App, member: Member) -> None:
    events = [app.event(member, quantity=1) for _ in range(250)]
    assert record(app, *events) == ["accepted"] * 250
    assert app.meter.operations.count("transact") >= 3
    assert totals(app, member) == {("cpu_seconds", None): 250}


def test_duplicates_do_not_delay_the_new_events_beside_them(app: App, member: Member) -> None:
    events = [app.event(member, quantity=1) for _ in range(120)]
    record(app, *events[::3])
    expected = ["duplicate" if index % 3 == 0 else "accepted" for index in range(120)]
    assert record(app, *events) == expected


def test_events_of_several_accounts_are_counted_separately(app: App, member: Member) -> None:
    other_member = app.member()
    events = [app.event(one, quantity=1) for one in (member, other_member, member)]
    assert record(app, *events) == ["accepted"] * 3
    assert totals(app, member) == {("cpu_seconds", None): 2}
    assert totals(app, other_member) == {("cpu_seconds", None): 1}


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
        ({"meter": "credits", "quantity": "1.5"}, "rejected data.quantity must be a whole number"),
    ],
)
def test_each_event_is_accepted_or_rejected_by_itself(
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


def test_a_rejected_event_leaves_no_marker_and_may_be_sent_again(app: App, member: Member) -> None:
    event = app.event(member, time=app.clock.now() + timedelta(minutes=11))
    assert record(app, event) == ["rejected too_far_ahead"]
    app.clock.advance(minutes=5)
    assert record(app, event) == ["accepted"]


def test_an_event_slightly_ahead_counts_on_the_day_of_its_arrival(app: App, member: Member) -> None:
    app.clock.moment = datetime(2026, 4, 21, 23, 55, tzinfo=UTC)
    assert record(app, app.event(member, time=datetime(2026, 4, 22, 0, 4, tzinfo=UTC))) == ["accepted"]
    days = [item["sk"] for item in app.stored("usage") if item["sk"].startswith("day#")]
    assert days == ["day#2026-04-21#0"]


def test_an_event_counts_in_the_period_that_contains_its_time(app: App, member: Member) -> None:
    app.clock.moment = datetime(2026, 5, 20, 0, 30, tzinfo=UTC)
    before, after = datetime(2026, 5, 19, 23, 59, tzinfo=UTC), datetime(2026, 5, 20, tzinfo=UTC)
    events = [app.event(member, quantity=1, time=before), app.event(member, quantity=2, time=after)]
    assert record(app, *events) == ["accepted", "accepted"]
    period_keys = {item["pk"][-24:]: item for item in app.stored("usage") if item["sk"] == "period#0"}
    assert period_keys["2026-04-20T00:00:00.000Z"]["q:cpu_seconds"] == 1
    assert period_keys["2026-05-20T00:00:00.000Z"]["q:cpu_seconds"] == 2


def test_a_period_pins_the_catalog_it_opened_with(app: App, member: Member) -> None:
    record(app, app.event(member, quantity=1_000_000))
    dearer = [{"model": "per_unit", "unit_price": "1"}]
    meters = app.catalog_data()["meters"]
    app.apply_catalog(meters=meters | {"cpu_seconds": meters["cpu_seconds"] | {"prices": dearer}})
    assert read_current_bill(app.ctx, member.account).bill.cost == 14_000_000
    app.clock.advance(days=31)
    record(app, app.event(member, quantity=3))
    assert read_current_bill(app.ctx, member.account).bill.cost == 3_000_000


def test_the_wallet_pays_in_the_transaction_that_counts_the_event(app: App, member: Member) -> None:
    events = [app.event(member, meter="credits", quantity=300_000, app_id="writer") for _ in range(4)]
    assert record(app, *events) == ["accepted"] * 4
    entries = [item for item in app.stored("core") if item["sk"].startswith("ENTRY#")]
    assert [(entry["kind"], entry["amount"]) for entry in entries] == [("welcome", 1_000_000), ("usage", -1_200_000)]
    assert read_current_bill(app.ctx, member.account).bill.cost == 0


def test_several_shards_add_up_to_one_bill(app: App) -> None:
    app.reshape(usage_shards=4)
    member = app.member()
    for _ in range(12):
        record(app, app.event(member, quantity=100_000))
    written = [item for item in app.stored("usage") if item["sk"].startswith("period#") and "q:cpu_seconds" in item]
    assert len(written) > 1
    assert read_current_bill(app.ctx, member.account).bill.cost == 16_800_000


def test_events_not_counted_by_the_deadline_are_to_be_sent_again(app: App, member: Member) -> None:
    ticks = iter(range(0, 1000, 15))
    app.reshape(elapsed=lambda: float(next(ticks)))
    events = [app.event(member, quantity=1) for _ in range(250)]
    answers = record(app, *events)
    assert answers.count("rejected retry") > 0
    assert answers.count("accepted") > 0
    app.reshape()
    assert set(record(app, *events)) == {"accepted", "duplicate"}
    assert totals(app, member) == {("cpu_seconds", None): 250}


def test_events_of_an_account_changed_meanwhile_are_to_be_sent_again(app: App, member: Member) -> None:
    other_member = app.member()
    app.clock.advance(days=31)
    events = [app.event(member), app.event(other_member)]
    submitted = read_events(as_json(events))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    app.change_account(member, plan="pro")
    assert [result.reason for result in record_usage(app.ctx, submitted, accounts)] == ["retry", None]
    assert record(app, *events) == ["accepted", "duplicate"]


def test_a_rejected_event_does_not_affect_the_next_with_its_identity(app: App, member: Member) -> None:
    fine = app.event(member)
    bad = {**fine, "data": {**fine["data"], "meter": "kilowatts"}}
    assert record(app, bad, fine, bad, fine) == ["rejected unknown_meter", "accepted", "conflict", "duplicate"]


def test_counting_wallet_events_costs_no_more_than_others(app: App, member: Member) -> None:
    events = [app.event(member, meter="credits", quantity=1) for _ in range(450)]
    app.meter.clear()
    submitted = read_events(as_json(events))
    record_usage(app.ctx, submitted, app.ctx.tables.get_many(account_keys(submitted)))
    assert app.meter.calls == 2 + 5
    assert app.meter.write_units <= 2.5 * 450
    check_invariants(app)


def test_events_of_an_account_deleted_meanwhile_are_rejected(app: App, member: Member) -> None:
    submitted = read_events(as_json([app.event(member, meter="credits", quantity=1)]))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    app.change_account(member, status="deleted")
    app.meter.clear()
    assert [result.reason for result in record_usage(app.ctx, submitted, accounts)] == ["account_deleted"]
    assert app.meter.calls == 3


def test_an_event_of_a_closed_period_counts_as_late_in_the_open_one(app: App, member: Member) -> None:
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
    target_period = app.ctx.tables.get(period_key(member.account.id, target)) or {}
    assert read_billing_period(target_period).late == {stamp(period.start)}
    apps = [item for item in app.stored("usage") if item["sk"].startswith("app#")]
    assert sum(quantities_of(apps).values()) == 107


def test_late_and_timely_events_are_counted_in_one_transaction(app: App, member: Member) -> None:
    first = member.account.closing_cursor.period
    app.clock.moment = first.end + GRACE
    app.invoice_due()
    events = [app.event(member, quantity=1, time=first.start), app.event(member, quantity=2)]
    app.meter.clear()
    assert record(app, *events) == ["accepted", "accepted"]
    assert app.meter.operations.count("transact") == 1


def test_an_event_that_meets_a_closed_period_is_retried_as_late(app: App, member: Member) -> None:
    """The call had read the account and its period before the period closed."""
    submitted = read_events(as_json([app.event(member, time=member.account.closing_cursor.period.start)]))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    app.clock.moment = member.account.closing_cursor.period.end + GRACE
    app.invoice_due()
    assert [result.status for result in record_usage(app.ctx, submitted, accounts)] == ["accepted"]
    assert totals(app, member) == {}
    check_invariants(app)


def test_a_period_closed_after_its_key_was_read_refuses_the_event(app: App, member: Member) -> None:
    record(app, app.event(member))
    period = period_of(member.account.schedule, app.clock.now())
    app.ctx.tables.write(Update(period_key(member.account.id, period), remove=("open",)))
    submitted = read_events(as_json([app.event(member)]))
    accounts = app.ctx.tables.get_many(account_keys(submitted))
    app.meter.clear()
    answers = record_usage(app.ctx, submitted, accounts)
    assert [result.reason for result in answers] == ["retry"]
    assert totals(app, member) == {("cpu_seconds", None): 100}


def test_the_smallest_quantities_add_up_exactly(app: App) -> None:
    member = app.member()
    for _ in range(3):
        assert [one.status for one in app.record(app.event(member, quantity="0.000000001"))] == ["accepted"]
    assert sum(Decimal(item["quantity"]) for item in app.stored("usage", "EVENT")) == Decimal("0.000000003")
    check_invariants(app)
