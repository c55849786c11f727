"""Periods, their counters, event markers and dirty marks, as items."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tallybook.domain.counted_events import Acceptance
from tallybook.domain.periods import schedule_from
from tallybook.domain.usage import MARKER_LIFE, sum_counters
from tallybook.store import accounts, events, keys, periods, usage_counters
from tallybook.store.commands import Put
from tallybook.store.conflicts import WriteConflict
from tallybook.store.table import Due, Tables
from tests.store.samples import (
    ACCOUNT,
    APRIL,
    EVENT,
    FULL_ACCOUNT,
    NOW,
    billing_period,
    write_and_read,
)


@pytest.mark.parametrize("shards", [1, 3])
def test_an_opened_period_reads_back_and_opens_once(tables: Tables, shards: int) -> None:
    tables.transact(periods.open_period(ACCOUNT, billing_period(shards)))
    item = tables.get(periods.period_key("a", APRIL))
    assert item is not None
    assert periods.read_billing_period(item) == billing_period(shards)
    with pytest.raises(WriteConflict):
        tables.transact(periods.open_period(ACCOUNT, billing_period(shards)))


def test_a_period_opens_only_for_the_accounts_present_subscription(tables: Tables) -> None:
    changed = {"schedule": schedule_from(NOW, "UTC"), "counts": ACCOUNT.counts._replace(schedule_count=1)}
    discounted = {"billing": ACCOUNT.billing._replace(discount=Decimal(5))}
    for change in ({"plan": "scale"}, changed, discounted, {"status": "deleted"}):
        now = replace(ACCOUNT, **change)
        tables.write(Put(keys.account("a"), accounts.account_item(now), condition=None))
        with pytest.raises(WriteConflict):
            tables.transact(
                [periods.check_subscription_unchanged(ACCOUNT), *periods.open_period(ACCOUNT, billing_period())]
            )
    counts = FULL_ACCOUNT.counts._replace(schedule_count=0)
    other = replace(FULL_ACCOUNT, counts=counts, billing=ACCOUNT.billing)
    tables.write(Put(keys.account("a"), accounts.account_item(other), condition=None))
    tables.transact([periods.check_subscription_unchanged(ACCOUNT), *periods.open_period(ACCOUNT, billing_period())])


def test_usage_adds_up_over_shards_days_and_skus(tables: Tables) -> None:
    tables.transact(periods.open_period(ACCOUNT, billing_period(2)))
    sku = replace(EVENT, meter="container_minutes", sku="S", quantity=Decimal(3), session_id="x", app_id="p")
    for shard in (0, 1, 1):
        tables.transact(usage_counters.add_usage("a", APRIL, sum_counters([EVENT, sku]), shard=shard))
    pk, start, end = usage_counters.billed_range("a", APRIL.start)
    items = list(tables.query("usage", pk, start=start, end=end))
    period_keys = [item for item in items if periods.is_period_key(item)]
    days = [item for item in items if not periods.is_period_key(item)]
    total = {("cpu_seconds", None): Decimal("7.5"), ("container_minutes", "S"): 9}
    assert usage_counters.quantities_of(period_keys) == usage_counters.quantities_of(days) == total
    assert usage_counters.by_day(items) == {"2026-04-20": total}
    assert (len(period_keys), len(days)) == (2, 2)


def test_sums_keep_every_digit() -> None:
    large, small = Decimal(10) ** 28, Decimal("0.000000001")
    assert usage_counters.quantities_of([{"q:m": large}, {"q:m": small}]) == {
        ("m", None): Decimal(f"1{'0' * 28}.000000001")
    }


def test_a_closed_or_missing_period_refuses_usage_and_sessions(tables: Tables) -> None:
    usage = usage_counters.add_usage("a", APRIL, sum_counters([EVENT]), shard=0)
    for commands in (usage, [periods.count_completed("a", APRIL)]):
        with pytest.raises(WriteConflict):
            tables.transact(commands)
    (period_key,) = periods.open_period(ACCOUNT, billing_period())
    closed = {name: value for name, value in period_key.item.items() if name != "open"}
    assert periods.read_billing_period(write_and_read(tables, Put(period_key.key, closed))).is_open is False
    for commands in (usage, [periods.count_completed("a", APRIL)]):
        with pytest.raises(WriteConflict) as refused:
            tables.transact(commands)
        assert [failure.command.key for failure in refused.value.failures] == [period_key.key]


def test_a_period_takes_over_use_and_passes_on_that_of_its_fields(tables: Tables) -> None:
    ahead = {"cpu_seconds_monthly": Decimal("-2.000000001"), "ram_gb_seconds": Decimal(90)}
    yearly = replace(billing_period(), discount=Decimal("12.5"))
    key = periods.period_key("a", APRIL)
    tables.transact(periods.open_period(ACCOUNT, yearly))
    assert periods.read_billing_period(tables.get(key) or {}) == yearly
    repinned = replace(yearly, plan="scale", ahead=ahead, discount=None)
    tables.transact([periods.repin("a", repinned)])
    assert periods.read_billing_period(tables.get(key) or {}) == repinned
    march = replace(APRIL, start=datetime(2026, 3, 1, tzinfo=UTC), end=APRIL.start)
    late = usage_counters.add_late_usage("a", march, sum_counters([EVENT], late_for=APRIL.start), target=APRIL.start)
    tables.transact([*late, periods.add_ahead("a", APRIL.start, {"cpu_seconds_monthly": Decimal("2.5")})])
    item = tables.get(key) or {}
    assert periods.read_billing_period(item).carried_use == {
        "cpu_seconds_monthly": Decimal("0.499999999"),
        "ram_gb_seconds": 90,
    }
    cut = replace(periods.read_billing_period(item).cut(NOW), carries=frozenset({"ram_gb_seconds"}))
    tables.transact(periods.close_period("a", cut, [item]))
    assert periods.read_billing_period(tables.get(key) or {}) == replace(cut, is_open=False)


def test_completed_sessions_are_counted_in_their_period(tables: Tables) -> None:
    tables.transact(periods.open_period(ACCOUNT, billing_period()))
    for _ in range(2):
        tables.transact([periods.count_completed("a", APRIL)])
    item = tables.get(periods.period_key("a", APRIL))
    assert item is not None
    assert periods.read_billing_period(item) == replace(billing_period(), completed_sessions=2)


def test_a_marker_stores_what_was_counted_for_36_days(tables: Tables) -> None:
    item = write_and_read(tables, events.put_marker(EVENT, Acceptance(NOW, APRIL.start)))
    assert (item["quantity"], item["meter"], item["account_id"]) == ("2.5", "cpu_seconds", "a")
    assert (item["period"], "late_for" in item) == ("2026-04-01T00:00:00.000Z", False)
    assert item["expires"] == int((NOW + MARKER_LIFE).timestamp())
    assert events.stored_content(item) == replace(EVENT, quantity=Decimal("2.50")).content
    assert events.stored_content(item) != replace(EVENT, quantity=Decimal("2.6")).content
    with pytest.raises(WriteConflict) as refused:
        tables.transact([events.put_marker(replace(EVENT, account_id="b"), Acceptance(NOW, NOW))])
    assert refused.value.failures[0].was == item


def test_a_dirty_account_is_due_from_its_first_unchecked_usage(tables: Tables) -> None:
    for now in ("2026-04-20T12:00:00.000Z", "2026-04-20T13:00:00.000Z"):
        tables.transact([events.mark_dirty("a", now=now)])
    item = tables.get(keys.dirty("a"))
    assert item is not None
    assert (item["due"], item["version"], item["account_id"]) == ("2026-04-20T12:00:00.000Z", 2, "a")
    assert item["work"] == "dirty#2"


def test_a_removed_dirty_mark_is_due_again_with_the_next_usage(tables: Tables) -> None:
    tables.transact([events.mark_dirty("a", now="2026-04-20T12:00:00.000Z")])
    seen = tables.get(keys.dirty("a")) or {}
    tables.write(events.clear_dirty(seen))
    assert list(tables.query_due("dirty#2")) == []
    tables.transact([events.mark_dirty("a", now="2026-04-20T13:00:00.000Z")])
    with pytest.raises(WriteConflict):
        tables.write(events.clear_dirty(seen))
    assert list(tables.query_due("dirty#2")) == [Due(keys.dirty("a"), "2026-04-20T13:00:00.000Z")]
