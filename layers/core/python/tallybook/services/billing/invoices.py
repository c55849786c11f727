"""Reads an account's invoices and drafts: a page of them, newest first, or one by its id."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from tallybook.domain.accounts import Account
from tallybook.domain.errors import Forbidden, NotFound
from tallybook.domain.invoices import Invoice, next_revision_of
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.invoices import read_invoice


class Place(NamedTuple):
    """An invoice's account, and its position in that account's list."""

    account_id: str
    position: int


def list_invoices(ctx: Context, account: Account, *, offset: int, limit: int) -> list[Invoice]:
    """Up to `limit` invoices after the newest `offset` ones, of `account.counts.invoice_count` in all.

    An invoice keeps the position at which it was drafted or issued; within a page, drafts come first, then the highest
    numbers. The read is eventually consistent; `find_invoice` is strongly consistent.
    """
    invoices = read_invoices(ctx, account, offset=offset, limit=limit)
    return _name_next_revisions(ctx, invoices) if any(one.status == "void" for one in invoices) else invoices


def read_invoices(ctx: Context, account: Account, *, offset: int, limit: int) -> list[Invoice]:
    """As `list_invoices`, without `replaced_by`: one round trip less."""
    items = ctx.tables.query_numbered(
        partial(keys.invoice, account.id), newest=account.counts.invoice_count - offset, limit=limit
    )
    invoices = [read_invoice(item) for item in items]
    return sorted(invoices, key=lambda invoice: invoice.number or account.counts.issued_count + 1, reverse=True)


def find_invoice(ctx: Context, invoice_id: str, *, owner: Account | None = None) -> Invoice:
    """The invoice with this id; NotFound for an unknown one, Forbidden if `owner` is another account."""
    place = find_place(ctx, invoice_id)
    if owner is not None and place.account_id != owner.id:
        raise Forbidden("This invoice belongs to another account", code="foreign_invoice")
    item = ctx.tables.get(keys.invoice(place.account_id, place.position))
    if item is None:
        raise NotFound("There is no such invoice", resource="invoice")
    invoice = read_invoice(item)
    if invoice.status != "void":
        return invoice
    following = next_revision_of(invoice)
    return replace(invoice, replaced_by=following) if ctx.tables.get(keys.invoice_place(following)) else invoice


def find_place(ctx: Context, invoice_id: str) -> Place:
    """Where the invoice with this id is; NotFound for an unknown one."""
    item = ctx.tables.get(keys.invoice_place(invoice_id))
    if item is None:
        raise NotFound("There is no such invoice", resource="invoice")
    return Place(item["account_id"], int(item["position"]))


def _name_next_revisions(ctx: Context, invoices: Sequence[Invoice]) -> list[Invoice]:
    """Each reissued invoice names its next revision; one read of those that may exist."""
    following = {one.id: next_revision_of(one) for one in invoices if one.status == "void"}
    found = ctx.tables.get_many(map(keys.invoice_place, following.values()), consistent=False)
    return [
        replace(one, replaced_by=following[one.id])
        if one.id in following and keys.invoice_place(following[one.id]) in found
        else one
        for one in invoices
    ]
