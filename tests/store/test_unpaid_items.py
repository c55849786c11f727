"""What is stored for void and unpaid invoices: with account and periods, and in the index of due work."""

from dataclasses import replace

from tallybook.domain.accounts import Account, Correction
from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.times import stamp
from tallybook.store import invoices, keys, periods
from tallybook.store.accounts import put_account, read_account
from tallybook.store.corrections import set_corrections
from tallybook.store.table import Tables
from tests.domain.draft_invoices import CENT, draft_invoice
from tests.store.samples import ACCOUNT, APRIL, NOW, billing_period

DRAFT = replace(draft_invoice(42 * CENT), position=3)


def test_what_is_void_is_stored_with_the_closed_period_and_taken_off_again(tables: Tables) -> None:
    (put,) = periods.open_period(ACCOUNT, billing_period())
    tables.write(put)
    closed = replace(billing_period(), is_open=False, billed=50)
    tables.transact(periods.close_period("a", closed, [tables.get(put.key) or {}]))

    def bill(before: BillingPeriod, amount: int) -> BillingPeriod:
        tables.transact([periods.bill_late("a", before, amount)])
        return periods.read_billing_period(tables.get(put.key) or {})

    void = closed.corrected(Correction(50, is_void=True))
    assert bill(void, 0) == void
    assert bill(void, 7) == replace(void, billed=57)
    stands = replace(closed, billed=57)
    assert bill(stands, 0) == stands
    assert (tables.get(put.key) or {}).keys() & {"voided", "void"} == set()


def test_corrections_are_stored_with_the_account_until_they_are_billed(tables: Tables) -> None:
    tables.write(put_account(ACCOUNT))

    def change(before: Account, corrections: dict[str, Correction]) -> Account:
        tables.transact(set_corrections(before, corrections))
        return read_account(tables.get(keys.account("a")) or {})

    start = stamp(APRIL.start)
    corrections = {start: Correction(50, is_void=True), stamp(APRIL.end): Correction(-7), "x": Correction(0, False)}
    assert set_corrections(ACCOUNT, {}) == ()
    corrected = change(ACCOUNT, corrections)
    assert corrected == replace(ACCOUNT, corrections=corrections)
    assert change(corrected, {}) == ACCOUNT
    assert "corrections" not in (tables.get(keys.account("a")) or {})


def test_an_invoice_made_due_is_in_the_index_until_it_is_written_again(tables: Tables) -> None:
    overdue = replace(DRAFT, status="overdue", due_date=NOW)
    tables.transact(invoices.put_new_invoice(overdue))
    tables.transact([invoices.make_due("a", 3, now=NOW)])
    item = tables.get(keys.invoice("a", 3)) or {}
    assert (item["work"].partition("#")[0], item["due"]) == ("overdue", stamp(NOW))
    assert (invoices.read_invoice(item), invoices.has_own_due_date(item)) == (overdue, False)
    tables.transact([invoices.replace_invoice(overdue, overdue)])
    item = tables.get(keys.invoice("a", 3)) or {}
    assert ("work" in item, invoices.has_own_due_date(item)) == (False, True)
