"""Invariants of every account's invoices: they add up, are numbered without a gap, and bill each event once."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tallybook.domain.accounts import Correction
from tallybook.domain.bill import usage_cost
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.corrections import billed_by
from tallybook.domain.invoices import UNPAID, next_revision_of
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import period_of
from tallybook.domain.rating import RATING_RULES
from tallybook.domain.times import parse_instant, stamp
from tallybook.domain.usage import Quantities
from tallybook.store.costs import read_costs
from tallybook.store.invoices import has_own_due_date
from tallybook.store.plan_changes import read_plan_change
from tests.support.billing_records import BillingRecords, Item, read_billing_records
from tests.support.price_lists import price_list


def check_invoices(core: list[Item], usage: list[Item]) -> None:
    for records in read_billing_records(core, usage):
        _sums_are_right(records)
        _each_period_is_invoiced_once(records)
        _invoices_are_numbered(records)
        _excess_credit_is_carried(records)
        _each_event_is_billed_once(records)
        _only_open_periods_take_usage(records)
        _due_items_are_in_the_index(records)
        _payments_are_in_the_ledger(records)
        _unpaid_invoices_are_known(records)
        _plan_changes_are_invoiced(records)
        _a_year_has_the_terms_that_its_first_period_pinned(records)


def _sums_are_right(records: BillingRecords) -> None:
    for invoice in records.invoices:
        unit = minor_unit(invoice.currency)
        assert invoice.subtotal == sum(line.amount for line in invoice.lines)
        taxed = sum(line.amount for line in invoice.lines if line.type != "carried")
        exact = Fraction(taxed) * Fraction(invoice.tax_rate) / 100 / unit
        rounded = int(abs(exact) + Fraction(1, 2)) * (1 if exact > 0 else -1)
        assert invoice.tax == rounded * unit
        assert invoice.total == invoice.subtotal + invoice.tax >= 0
        assert all(line.amount and line.amount % unit == 0 for line in invoice.lines)
        for line in invoice.lines:
            assert not line.details or line.amount == sum(detail.amount for detail in line.details)
        assert not invoice.carried_credit or invoice.total == 0


def _each_period_is_invoiced_once(records: BillingRecords) -> None:
    """Each closed period has one valid invoice; periods follow each other; the closing cursor is at the next one."""
    valid = Counter(invoice.period.start for invoice in records.invoices if invoice.status != "void")
    assert set(valid.values()) <= {1}
    firsts = sorted((one for one in records.issued if one.revision == 1), key=lambda invoice: invoice.period.start)
    assert {one.period.start for one in firsts} == {one.period.start for one in records.issued}
    bounds = [(invoice.period.start, invoice.period.end) for invoice in firsts]
    bounds.append((records.account.closing_cursor.period.start, records.account.closing_cursor.period.end))
    assert bounds[0][0] == records.account.first_period_at
    assert all(one[1] == following[0] for one, following in pairwise(bounds))
    assert period_of(records.account.schedule, bounds[-1][0]) == records.account.closing_cursor.period
    for draft in (one for one in records.invoices if one.status == "draft"):
        assert draft.period.start >= bounds[-1][0]
        assert (draft.number, draft.issued_at, draft.due_date) == (None, None, None)


def _invoices_are_numbered(records: BillingRecords) -> None:
    assert sorted(one.position for one in records.invoices) == list(range(1, records.account.counts.invoice_count + 1))
    numbers = [one.number for one in records.issued]
    assert sorted(number or 0 for number in numbers) == list(range(1, records.account.counts.issued_count + 1))
    assert {id: int(item["position"]) for id, item in records.positions.items()} == {
        one.id: one.position for one in records.invoices
    }
    in_order = sorted(records.issued, key=lambda invoice: invoice.number or 0)
    dates = [one.issued_at for one in in_order if one.issued_at is not None]
    assert dates == sorted(dates)
    assert len(dates) == len(in_order)
    assert records.account.receivables.last_issued_at == (dates[-1] if dates else None)
    assert [one.due_date for one in in_order] == [date + timedelta(days=7) for date in dates]
    by_id = {one.id: one for one in in_order}
    for one in in_order:
        assert (one.replaces is None) == (one.revision == 1)
        assert one.replaces is None or next_revision_of(by_id[one.replaces]) == one.id
        assert one.status == "void" or next_revision_of(one) not in by_id


def _unpaid_invoices_are_known(records: BillingRecords) -> None:
    """The account lists its unpaid invoices; none waits beside a balance that could pay it, unless a task will."""
    account = records.account
    unpaid = sorted((one for one in records.issued if one.status in UNPAID), key=lambda one: one.number or 0)
    assert account.receivables.unpaid == tuple(one.position for one in unpaid)
    assert account.counts.overdue_count == sum(one.is_overdue for one in unpaid)
    overdue = {one.position: one.amount_due for one in unpaid if one.is_overdue}
    assert account.receivables.unreminded.items() <= overdue.items()
    if unpaid and account.wallet.balance >= minor_unit(unpaid[0].currency):
        (task,) = [item for item in records.items("INVOICE#") if item["position"] == unpaid[0].position]
        assert "work" in task
        assert not has_own_due_date(task)


def _excess_credit_is_carried(records: BillingRecords) -> None:
    """Carried credit is on later invoices, or waits for the next."""
    valid = [one for one in records.issued if one.status != "void"]
    assert (
        sum(one.carried_credit - one.carried_credit_in for one in valid)
        == records.account.closing_cursor.carried_credit
        >= 0
    )


def _each_event_is_billed_once(records: BillingRecords) -> None:
    """The events of a closed period, rated together, cost what its invoice and the late lines for it bill.

    Where an invoice had no room for late usage, this holds for the late usage up to an earlier invoice. What an earlier
    release billed by other rules stands.
    """
    late_lines: Counter[datetime] = Counter()
    for invoice in records.latest_invoices.values():
        for line in invoice.lines:
            if line.period_start is not None:
                late_lines[line.period_start] += line.amount
    costs = {one.period.start: one for one in map(read_costs, records.items("COSTS#"))}
    closed_until = stamp(records.account.closing_cursor.period.start)
    corrections = records.account.corrections
    waiting = records.periods[records.account.closing_cursor.period.start].late | corrections.keys()
    for start, opened in records.periods.items():
        if opened.is_open:
            assert start not in costs
            continue
        events = [marker for marker in records.markers if marker["period"] == stamp(start)]
        own = [marker for marker in events if "late_for" not in marker]
        known = [marker for marker in events if marker.get("late_for", "") < closed_until]
        billed = records.latest_invoices[start].sum_of("usage")
        assert records.latest_invoices[start].period == opened.period
        of_other_rules = 0 if opened.rules == RATING_RULES else billed - _rated(records, opened, own)
        assert billed == _rated(records, opened, own) + of_other_rules
        assert billed + late_lines.pop(start, 0) == opened.billed
        until = {marker["late_for"] for marker in known if "late_for" in marker}
        is_waiting = stamp(start) in waiting
        billable = ([one for one in known if one.get("late_for", "") < end] for end in {closed_until, *until})
        costs_of_parts = {_rated(records, opened, markers) + of_other_rules for markers in billable}
        corrected = opened.corrected(corrections.get(stamp(start), Correction()))
        _void_bills_are_no_credit(records, corrected, costs_of_parts, waits=is_waiting)
        assert billed == (costs[start].total if start in costs else 0)
        if start in costs:
            assert sum(map(sum, costs[start].by_type.values())) == billed
    assert not late_lines, "late usage of a period that is not closed"


def _void_bills_are_no_credit(
    records: BillingRecords, opened: BillingPeriod, costs_of_parts: set[int], *, waits: bool
) -> None:
    """What stands of a closed period's bills is its cost less what void invoices charged for it, and not negative.

    `waits`: the next invoice bills the period again; until then `billed` is right for usage up to an earlier one.
    """
    void = [one for one in records.latest_invoices.values() if one.status == "void"]
    amounts = [billed_by(one).get(opened.period.start, 0) for one in void]
    assert opened.is_void == any(one.period.start == opened.period.start for one in void)
    assert (opened.voided, opened.forgiven) == (sum(amounts), sum(max(0, amount) for amount in amounts))
    if not waits:
        assert opened.billed - opened.voided in {max(0, cost - opened.forgiven) for cost in costs_of_parts}


def _rated(records: BillingRecords, opened: BillingPeriod, markers: Iterable[Item]) -> int:
    quantities: Quantities = {}
    for marker in markers:
        what = (marker["meter"], marker.get("sku"))
        quantities[what] = quantities.get(what, Decimal(0)) + Decimal(marker["quantity"])
    return usage_cost(price_list(records.catalogs, opened), opened, quantities)


def _only_open_periods_take_usage(records: BillingRecords) -> None:
    """All shards of the closing cursor's period and later ones are open; earlier periods are closed and billed."""
    present = records.account.closing_cursor.period.start
    assert present in records.period_keys
    for start, shards in records.period_keys.items():
        opened = records.periods[start]
        assert [("open" in item) for item in shards] == [start >= present] * opened.shards
        assert opened.is_open or any("billed" in item for item in shards)
        assert all(parse_instant(late) < present for late in opened.late | records.account.corrections.keys())
        assert not opened.late or start <= present


def _due_items_are_in_the_index(records: BillingRecords) -> None:
    (closing,) = records.items("CLOSING")
    assert closing["work"].startswith("closing#")
    assert closing["due"] == stamp(records.account.closing_cursor.closes_at)
    for item in records.items("INVOICE#"):
        waits = item["status"] in UNPAID and item.get("due", item.get("due_date")) != item.get("due_date")
        assert ("work" in item) == ("due" in item) == (item["status"] == "open" or waits)
        if "work" in item:
            assert item["work"].startswith("overdue#")
            assert item["due"] <= item["due_date"] or item["status"] == "overdue"


def _payments_are_in_the_ledger(records: BillingRecords) -> None:
    """`paid_by_balance` of an invoice is what the ledger paid for it, less refunds."""
    paid: Counter[str] = Counter()
    for entry in records.items("ENTRY#"):
        if entry["kind"] in ("invoice_payment", "refund"):
            paid[entry["cause"]] -= int(entry["amount"])
    for invoice in records.invoices:
        assert paid.pop(invoice.id, 0) == invoice.paid_by_balance
        assert 0 <= invoice.paid_by_balance <= invoice.total
        assert (invoice.status == "paid") == (
            invoice.status not in ("draft", "void") and invoice.paid_by_balance == invoice.total
        )
    assert not paid, "payments without an invoice"


def _plan_changes_are_invoiced(records: BillingRecords) -> None:
    """Plan changes are numbered without a gap; each starts from the plan before it and refunds at most the charge."""
    changes = sorted((read_plan_change(item) for item in records.items("CHANGE#")), key=lambda change: change.number)
    assert [change.number for change in changes] == list(range(1, records.account.counts.plan_change_count + 1))
    assert not changes or records.account.plan == changes[-1].new_plan
    assert all(one.new_plan == following.old_plan for one, following in pairwise(changes))
    for change in changes:
        invoice, opened = records.latest_invoices[change.old_period.start], records.periods[change.new_period.start]
        assert (change.invoice_id, change.old_period) == (invoice.id, invoice.period)
        assert change.old_period.end == change.new_period.start == change.changed_at
        assert (opened.plan, opened.cut_from or opened.period.end) == (change.new_plan, change.new_period.end)
        assert 0 <= change.refund <= invoice.sum_of("subscription", "discount")
        assert change.refund <= -invoice.sum_of("credit")


def _a_year_has_the_terms_that_its_first_period_pinned(records: BillingRecords) -> None:
    """An account on a yearly plan has stored its year, unless it is older than that."""
    year, cursor = records.account.fee_year, records.account.closing_cursor.period.start
    plan = records.catalogs[records.periods[cursor].catalog_version].plans[records.account.plan]
    if plan.billing_interval == "month":
        assert year is None
    elif year is None:
        assert any("discount" not in item for keys in records.period_keys.values() for item in keys if "plan" in item)
    else:
        first = records.periods[year.start]
        assert (first.plan, first.discount) == (plan.name, year.discount)
        assert records.catalogs[first.catalog_version].plans[plan.name].price == year.price
        assert year.start <= cursor < year.start + timedelta(days=367)
