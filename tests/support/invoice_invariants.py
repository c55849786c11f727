"""What is true of every account's invoices, after every call: they add up, are numbered, and bill each event once."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tallybook.domain.bill import lines_of
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.money import minor_unit
from tallybook.domain.periods import period_of
from tallybook.domain.times import parse_instant, stamp
from tallybook.domain.usage import Quantities
from tallybook.store.costs import read_costs
from tallybook.store.plan_changes import read_plan_change
from tests.support.billing_records import BillingRecords, Item, read_billing_records


def check_invoices(core: list[Item], usage: list[Item]) -> None:
    for books in read_billing_records(core, usage):
        _sums_are_right(books)
        _each_period_is_invoiced_once(books)
        _invoices_are_numbered(books)
        _every_excess_is_carried(books)
        _each_event_is_billed_once(books)
        _only_the_open_take_usage(books)
        _what_is_due_stands_in_the_index(books)
        _the_ledger_knows_the_payments(books)
        _changes_of_plan_are_on_their_invoices(books)


def _sums_are_right(books: BillingRecords) -> None:
    for invoice in books.invoices:
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


def _each_period_is_invoiced_once(books: BillingRecords) -> None:
    """Each closed period has an invoice, they follow one another without a gap, and the cycle is at the next one."""
    valid = Counter(invoice.period.start for invoice in books.invoices if invoice.status != "void")
    assert set(valid.values()) <= {1}
    firsts = sorted((one for one in books.issued if one.revision == 1), key=lambda invoice: invoice.period.start)
    assert {one.period.start for one in firsts} == {one.period.start for one in books.issued}
    bounds = [(invoice.period.start, invoice.period.end) for invoice in firsts]
    bounds.append((books.account.closing_cursor.period.start, books.account.closing_cursor.period.end))
    assert bounds[0][0] == books.account.first_period_at
    assert all(one[1] == following[0] for one, following in pairwise(bounds))
    assert period_of(books.account.schedule, bounds[-1][0]) == books.account.closing_cursor.period
    for draft in (one for one in books.invoices if one.status == "draft"):
        assert draft.period.start >= bounds[-1][0]
        assert (draft.number, draft.issued_at, draft.due_date) == (None, None, None)


def _invoices_are_numbered(books: BillingRecords) -> None:
    assert sorted(one.position for one in books.invoices) == list(range(1, books.account.counts.invoice_count + 1))
    numbers = [one.number for one in books.issued]
    assert sorted(number or 0 for number in numbers) == list(range(1, books.account.counts.issued_count + 1))
    assert {id: int(place["position"]) for id, place in books.places.items()} == {
        one.id: one.position for one in books.invoices
    }
    for one in books.issued:
        assert one.issued_at is not None
        assert one.due_date == one.issued_at + timedelta(days=7)


def _every_excess_is_carried(books: BillingRecords) -> None:
    """What invoices handed on is on later ones, or waits for the next."""
    valid = [one for one in books.issued if one.status != "void"]
    assert (
        sum(one.carried_credit - one.carried_credit_in for one in valid)
        == books.account.closing_cursor.carried_credit
        >= 0
    )


def _each_event_is_billed_once(books: BillingRecords) -> None:
    """A closed period's events, rated at once, are what its invoice and the corrections of it bill together.

    Where invoices had no room for what came late, that is so of what came for an earlier one.
    """
    late_lines: Counter[datetime] = Counter()
    for invoice in books.latest.values():
        for line in invoice.lines:
            if line.period_start is not None:
                late_lines[line.period_start] += line.amount
    costs = {one.period.start: one for one in map(read_costs, books.of("COSTS#"))}
    closed_until = stamp(books.account.closing_cursor.period.start)
    waiting = books.opened[books.account.closing_cursor.period.start].late
    for start, opened in books.opened.items():
        if opened.is_open:
            assert start not in costs
            continue
        events = [marker for marker in books.markers if marker["period"] == stamp(start)]
        own = [marker for marker in events if "late_for" not in marker]
        known = [marker for marker in events if marker.get("late_for", "") < closed_until]
        billed = books.latest[start].sum_of("usage")
        assert books.latest[start].period == opened.period
        assert billed == _rated(books, opened, own)
        assert billed + late_lines.pop(start, 0) == opened.billed
        until = {marker["late_for"] for marker in known if "late_for" in marker} if stamp(start) in waiting else set()
        told = ([one for one in known if one.get("late_for", "") < end] for end in {closed_until, *until})
        assert opened.billed in {_rated(books, opened, markers) for markers in told}
        assert billed == (costs[start].total if start in costs else 0)
        if start in costs:
            assert sum(map(sum, costs[start].by_type.values())) == billed
    assert not late_lines, "late usage of a period that is not closed"


def _rated(books: BillingRecords, opened: BillingPeriod, markers: Iterable[Item]) -> int:
    quantities: Quantities = {}
    for marker in markers:
        what = (marker["meter"], marker.get("sku"))
        quantities[what] = quantities.get(what, Decimal(0)) + Decimal(marker["quantity"])
    catalog = books.catalogs[opened.catalog_version]
    return sum(line.amount for line in lines_of(catalog, plan=opened.plan, quantities=quantities, part=opened.part))


def _only_the_open_take_usage(books: BillingRecords) -> None:
    """A period is open from the cycle's on, in all its shards, and none before; those are billed."""
    present = books.account.closing_cursor.period.start
    assert present in books.fences
    for start, shards in books.fences.items():
        opened = books.opened[start]
        assert [("open" in item) for item in shards] == [start >= present] * opened.shards
        assert opened.is_open or any("billed" in item for item in shards)
        assert all(parse_instant(late) < present for late in opened.late)
        assert not opened.late or start <= present


def _what_is_due_stands_in_the_index(books: BillingRecords) -> None:
    (closing,) = books.of("CLOSING")
    assert closing["work"].startswith("closing#")
    assert closing["due"] == stamp(books.account.closing_cursor.closes_at)
    for item in books.of("INVOICE#"):
        assert ("work" in item) == ("due" in item) == (item["status"] == "open")
        if item["status"] == "open":
            assert item["work"].startswith("overdue#")
            assert item["due"] == item["due_date"]


def _the_ledger_knows_the_payments(books: BillingRecords) -> None:
    """What the balance paid of an invoice, less what came back, is what the invoice says."""
    paid: Counter[str] = Counter()
    for entry in books.of("ENTRY#"):
        if entry["kind"] in ("invoice_payment", "refund"):
            paid[entry["cause"]] -= int(entry["amount"])
    for invoice in books.invoices:
        assert paid.pop(invoice.id, 0) == invoice.paid_by_balance
        assert 0 <= invoice.paid_by_balance <= invoice.total
        assert (invoice.status == "paid") == (
            invoice.status not in ("draft", "void") and invoice.paid_by_balance == invoice.total
        )
    assert not paid, "payments without an invoice"


def _changes_of_plan_are_on_their_invoices(books: BillingRecords) -> None:
    """They have no gap, each goes on from the one before it, and none gives back more than was charged."""
    changes = sorted((read_plan_change(item) for item in books.of("CHANGE#")), key=lambda change: change.number)
    assert [change.number for change in changes] == list(range(1, books.account.counts.plan_change_count + 1))
    assert not changes or books.account.plan == changes[-1].new_plan
    assert all(one.new_plan == following.old_plan for one, following in pairwise(changes))
    firsts = {invoice.id: invoice for invoice in books.issued if invoice.revision == 1}
    for change in changes:
        invoice, opened = firsts[change.invoice_id], books.opened[change.new_period.start]
        assert change.old_period == invoice.period
        assert change.old_period.end == change.new_period.start == change.changed_at
        assert (opened.plan, opened.cut_from or opened.period.end) == (change.new_plan, change.new_period.end)
        assert 0 <= change.refund <= invoice.sum_of("subscription", "discount")
        assert change.refund <= -invoice.sum_of("credit")
