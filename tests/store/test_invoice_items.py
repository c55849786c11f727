"""Invoices, closing cursors and costs read back, and are changed only if they are as they were read."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.bill import CostLine, PeriodCosts, utc_days
from tallybook.domain.closing_cursor import ClosingCursor
from tallybook.domain.fees import FeeTime
from tallybook.domain.invoice_lines import Detail, InvoiceLine
from tallybook.domain.invoices import Invoice
from tallybook.domain.periods import Period
from tallybook.domain.usage import sum_counters
from tallybook.store import accounts, closing_cursors, costs, invoices, keys, periods, usage_counters
from tallybook.store.commands import Put
from tallybook.store.conflicts import WriteConflict
from tallybook.store.table import Tables
from tests.store.samples import ACCOUNT, APRIL, EVENT, NOW, billing_period, write_and_read

MAY = Period(APRIL.end, datetime(2026, 6, 1, tzinfo=UTC), APRIL.zone)
DRAFT = Invoice(
    id="i",
    account_id="a",
    revision=1,
    position=3,
    period=APRIL,
    plan="pro",
    plan_name="Pro",
    currency="USD",
    lines=(InvoiceLine("usage", "Resource Usage", 20_000, (Detail("cpu_seconds", None, Decimal("2.5"), 20_000),)),),
    tax_rate=Decimal("7.7"),
)
ISSUED = replace(
    DRAFT,
    revision=2,
    status="void",
    number=2,
    issued_at=APRIL.end,
    due_date=APRIL.end + timedelta(days=7),
    paid_at=NOW,
    paid_by_balance=10_000,
    payment_method="Balance + Credit Card",
    payment_reference="pi_1",
    voided_at=NOW,
    void_reason="wrong",
    fee_time=FeeTime(2_592_000_000, 3, 4),
    lines=(
        *DRAFT.lines,
        InvoiceLine("late_usage", "Late usage", -10_000, period_start=APRIL.start),
        InvoiceLine("usage", "Resource Usage", 10_000, (Detail("container_minutes", "M", Decimal("1E-9"), 10_000),)),
    ),
)


@pytest.mark.parametrize("invoice", [DRAFT, ISSUED, replace(DRAFT, lines=())])
def test_an_invoice_reads_back_and_is_found_by_its_id(tables: Tables, invoice: Invoice) -> None:
    tables.transact(invoices.put_new_invoice(invoice))
    found = tables.get_many([keys.invoice("a", 3), keys.invoice_place("i")])
    assert invoices.read_invoice(found[keys.invoice("a", 3)]) == invoice
    place = found[keys.invoice_place("i")]
    assert (place["account_id"], place["position"]) == ("a", 3)


@pytest.mark.parametrize(("currency", "unit"), [("JPY", 1_000_000), ("USD", 10_000), ("KWD", 1_000)])
def test_amounts_read_back_in_any_currency(tables: Tables, currency: str, unit: int) -> None:
    line = InvoiceLine("usage", "Resource Usage", 7 * unit, (Detail("cpu_seconds", None, Decimal(1), 7 * unit),))
    invoice = replace(DRAFT, currency=currency, lines=(line,))
    assert invoices.read_invoice(write_and_read(tables, invoices.put_new_invoice(invoice)[0])) == invoice


def test_an_invoices_item_has_every_field_of_the_invoice() -> None:
    renamed = {"period": {"start", "end", "zone"}}
    expected = set().union(*(renamed.get(field.name, {field.name}) for field in fields(DRAFT)))
    item = invoices.invoice_item(replace(ISSUED, replaced_by="j"))
    assert expected - set(item) == {"replaced_by"}, "whether the next revision exists is not stored"


@pytest.mark.parametrize("status", ["draft", "open", "paid", "overdue", "uncollectible", "void"])
def test_only_an_open_invoice_is_in_the_work_index(status: Any) -> None:
    item = invoices.invoice_item(replace(ISSUED, status=status))
    assert ("work" in item, "due" in item) == (status == "open", status == "open")


def test_an_id_and_a_position_are_taken_once(tables: Tables) -> None:
    tables.transact(invoices.put_new_invoice(DRAFT))
    for other in (replace(DRAFT, position=4), replace(DRAFT, id="j")):
        with pytest.raises(WriteConflict):
            tables.transact(invoices.put_new_invoice(other))


def test_an_invoice_replaces_only_its_own_draft(tables: Tables) -> None:
    tables.transact(invoices.put_new_invoice(DRAFT))
    with pytest.raises(WriteConflict):
        tables.transact([invoices.replace_draft(replace(DRAFT, id="j"))])
    tables.transact([invoices.replace_draft(replace(DRAFT, status="open"))])
    with pytest.raises(WriteConflict):
        tables.transact([invoices.replace_draft(DRAFT)])


@pytest.mark.parametrize("changed", [{"status": "paid"}, {"id": "j"}, {"paid_by_balance": 1}])
def test_an_invoice_is_changed_only_as_it_was_read(tables: Tables, changed: dict[str, Any]) -> None:
    before = replace(DRAFT, status="open")
    tables.transact(invoices.put_new_invoice(replace(before, **changed)))
    with pytest.raises(WriteConflict):
        tables.transact([invoices.replace_invoice(before, replace(before, status="overdue"))])


def test_positions_and_numbers_are_counted_only_as_they_were_read(tables: Tables) -> None:
    account = replace(ACCOUNT, counts=ACCOUNT.counts._replace(invoice_count=4, issued_count=3))
    tables.write(accounts.put_account(account))
    tables.transact([accounts.count_invoices(account, positions=1, numbers=1)])
    item = tables.get(keys.account("a")) or {}
    assert (item["invoices"], item["issued"]) == (5, 4)
    for stale in (
        account,
        replace(account, counts=account.counts._replace(invoice_count=5)),
        replace(account, counts=account.counts._replace(issued_count=4)),
    ):
        with pytest.raises(WriteConflict):
            tables.transact([accounts.count_invoices(stale, positions=1, numbers=1)])


def test_moving_the_closing_cursor_moves_its_due_time(tables: Tables) -> None:
    tables.transact([accounts.put_account(ACCOUNT), closing_cursors.put_closing("a", ACCOUNT.closing_cursor)])
    tables.transact(closing_cursors.move_closing_cursor(ACCOUNT, ClosingCursor(MAY, carried_credit=7)))
    found = tables.get_many([keys.account("a"), keys.closing("a")])
    assert accounts.read_account(found[keys.account("a")]).closing_cursor == ClosingCursor(MAY, carried_credit=7)
    assert found[keys.closing("a")]["due"] == "2026-06-01T00:30:00.000Z"
    assert found[keys.closing("a")]["work"] == "closing#2"


@pytest.mark.parametrize(("currency", "unit"), [("JPY", 1_000_000), ("USD", 10_000), ("KWD", 1_000)])
def test_costs_read_back_with_all_their_days(tables: Tables, currency: str, unit: int) -> None:
    days = utc_days(APRIL.start, APRIL.end - timedelta(seconds=1))
    lines = (
        CostLine("cpu_seconds", None, "sandbox", Decimal("2.5"), 30 * unit),
        CostLine("minutes", "M", "app", Decimal(1), unit),
    )
    by_type = {"sandbox": (unit,) * 30, "app": (unit, *[0] * 29)}
    known = PeriodCosts(APRIL, 2, lines, days, by_type)
    assert costs.read_costs(write_and_read(tables, costs.put_costs("a", known, currency=currency))) == known


def test_a_range_finds_every_closed_period_that_may_overlap_it(tables: Tables) -> None:
    for period in (APRIL, MAY):
        days = utc_days(period.start, period.end - timedelta(seconds=1))
        tables.write(costs.put_costs("a", PeriodCosts(period, 1, (), days, {}), currency="USD"))

    def periods_in(start: datetime, end: datetime) -> list[Period]:
        pk, first, last = costs.costs_range("a", start, end)
        return [costs.read_costs(item).period for item in tables.query("core", pk, start=first, end=last)]

    assert APRIL in periods_in(APRIL.end - timedelta(seconds=1), APRIL.end - timedelta(seconds=1))
    assert periods_in(MAY.start, MAY.end) == [APRIL, MAY]
    assert periods_in(MAY.start + timedelta(days=10), MAY.end) == [MAY]
    assert periods_in(datetime(1, 1, 1, tzinfo=UTC), APRIL.end - timedelta(seconds=1)) == [APRIL]


@pytest.mark.parametrize("shards", [1, 3])
def test_a_period_closes_once_and_only_as_its_keys_were_read(tables: Tables, shards: int) -> None:
    tables.transact(periods.open_period(ACCOUNT, billing_period(shards)))
    tables.transact(usage_counters.add_usage("a", APRIL, sum_counters([EVENT]), shard=shards - 1))
    pk, start, end = usage_counters.billed_range("a", APRIL.start)
    read = [item for item in tables.query("usage", pk, start=start, end=end) if periods.is_period_key(item)]
    tables.transact(usage_counters.add_usage("a", APRIL, sum_counters([EVENT]), shard=shards - 1))
    billed = replace(billing_period(shards), billed=50)
    with pytest.raises(WriteConflict):
        tables.transact(periods.close_period("a", billed, read))
    read = [item for item in tables.query("usage", pk, start=start, end=end) if periods.is_period_key(item)]
    tables.transact(periods.close_period("a", billed, read))
    item = tables.get(periods.period_key("a", APRIL)) or {}
    assert periods.read_billing_period(item) == replace(billed, is_open=False)
    for again in (
        periods.close_period("a", billed, read),
        usage_counters.add_usage("a", APRIL, sum_counters([EVENT]), shard=0),
    ):
        with pytest.raises(WriteConflict):
            tables.transact(again)


def test_a_cut_period_keeps_its_cut_and_its_full_end(tables: Tables) -> None:
    tables.transact(periods.open_period(ACCOUNT, billing_period()))
    period_key = tables.get(periods.period_key("a", APRIL)) or {}
    cut = billing_period().cut(NOW)
    tables.transact(periods.close_period("a", cut, [period_key]))
    after = periods.read_billing_period(tables.get(periods.period_key("a", APRIL)) or {})
    assert (after.period.end, after.cut_from, after.is_open) == (NOW, APRIL.end, False)
    assert after.part == cut.part


def test_late_usage_needs_an_open_target_and_changes_its_version(tables: Tables) -> None:
    add = usage_counters.add_late_usage("a", APRIL, sum_counters([EVENT], late_for=MAY.start), target=MAY.start)
    with pytest.raises(WriteConflict):
        tables.transact(add)
    tables.transact(periods.open_period(ACCOUNT, replace(billing_period(), period=MAY)))
    period_key = tables.get(periods.period_key("a", MAY)) or {}
    tables.transact(add)
    with_late = periods.read_billing_period(tables.get(periods.period_key("a", MAY)) or {})
    assert with_late.late == {"2026-04-01T00:00:00.000Z"}
    with pytest.raises(WriteConflict):
        tables.transact(periods.close_period("a", with_late, [period_key]))
    pk, start, end = usage_counters.rated_range("a", "2026-04-01T00:00:00.000Z")
    items = list(tables.query("usage", pk, start=start, end=end))
    assert [item["sk"] for item in items] == [
        f"late#{with_late.period.start.isoformat(timespec='milliseconds')[:-6]}Z#0"
    ]
    assert usage_counters.quantities_of(items) == {("cpu_seconds", None): Decimal("2.5")}


def test_two_corrections_of_one_closed_period_conflict(tables: Tables) -> None:
    before = replace(billing_period(), is_open=False, billed=50)
    (put,) = periods.open_period(ACCOUNT, billing_period())
    tables.write(Put(put.key, {**{name: value for name, value in put.item.items() if name != "open"}, "billed": 50}))
    tables.transact([periods.bill_late("a", before, -20)])
    assert periods.read_billing_period(tables.get(put.key) or {}).billed == 30
    with pytest.raises(WriteConflict):
        tables.transact([periods.bill_late("a", before, 5)])
