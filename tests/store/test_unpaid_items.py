"""What is stored for void and unpaid invoices: with their periods, and in the index of due work."""

from dataclasses import replace

from tallybook.domain.billing_period import BillingPeriod
from tallybook.domain.times import stamp
from tallybook.store import invoices, keys, periods
from tallybook.store.table import Tables
from tests.domain.draft_invoices import CENT, draft_invoice
from tests.store.samples import ACCOUNT, APRIL, NOW, billing_period

DRAFT = replace(draft_invoice(42 * CENT), position=3)


def test_what_void_invoices_billed_is_stored_and_taken_off_again(tables: Tables) -> None:
    (put,) = periods.open_period(ACCOUNT, billing_period())
    tables.write(put)

    def stored() -> BillingPeriod:
        return periods.read_billing_period(tables.get(put.key) or {})

    def set_void(is_void: bool, amount: int) -> None:
        commands = (periods.set_void("a", APRIL.start, is_void=is_void), periods.void_billed("a", APRIL.start, amount))
        tables.transact(commands)

    assert stored() == billing_period()
    set_void(True, 50)
    assert (stored().is_void, stored().voided) == (True, 50)
    set_void(False, -50)
    assert stored() == billing_period()


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
