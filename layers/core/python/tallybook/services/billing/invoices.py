"""Reads an account's invoices and drafts: a page of them, newest first, or one by its id."""

from functools import partial

from tallybook.domain.accounts import Account
from tallybook.domain.errors import Forbidden, NotFound
from tallybook.domain.invoices import Invoice
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.invoices import read_invoice


def list_invoices(ctx: Context, account: Account, *, offset: int, limit: int) -> list[Invoice]:
    """Up to `limit` invoices after the newest `offset` ones, of `account.counts.invoice_count` in all.

    An invoice keeps the position at which it was drafted or issued; within a page, drafts come first, then the highest
    numbers. The read is eventually consistent; `find_invoice` is strongly consistent.
    """
    items = ctx.tables.query_numbered(
        partial(keys.invoice, account.id), newest=account.counts.invoice_count - offset, limit=limit
    )
    invoices = [read_invoice(item) for item in items]
    return sorted(invoices, key=lambda invoice: invoice.number or account.counts.issued_count + 1, reverse=True)


def find_invoice(ctx: Context, invoice_id: str, *, owner: Account | None = None) -> Invoice:
    """The invoice with this id; NotFound for an unknown one, Forbidden if `owner` is another account."""
    place = ctx.tables.get(keys.invoice_place(invoice_id))
    if place is None:
        raise NotFound("There is no such invoice", resource="invoice")
    if owner is not None and place["account_id"] != owner.id:
        raise Forbidden("This invoice belongs to another account", code="foreign_invoice")
    item = ctx.tables.get(keys.invoice(place["account_id"], int(place["position"])))
    if item is None:
        raise NotFound("There is no such invoice", resource="invoice")
    return read_invoice(item)
