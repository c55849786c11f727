"""Pays an account's unpaid invoices from its balance, the oldest due date first. Source: docs/money.md, "Invoices".

Whatever raises the balance pays in its own transaction. What does not fit there is left to a task: the next unpaid
invoice becomes due in the index of due work, under the kind `overdue`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from tallybook.domain.accounts import Account, Receivables
from tallybook.domain.audit import Actor
from tallybook.domain.events.billing import invoice_paid, wallet_moved
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoices import UNPAID, Invoice, audit_snapshot
from tallybook.domain.receivables import after_invoice, can_pay
from tallybook.domain.times import stamp_or_none
from tallybook.domain.wallet import Entry
from tallybook.services.billing.invoice_entries import payment_entry
from tallybook.services.changes import Change
from tallybook.services.context import Context
from tallybook.store import keys, ledger
from tallybook.store.commands import Command
from tallybook.store.invoices import make_due, read_invoice, replace_invoice

MAX_PAYMENTS = 10
"""The most invoices that one transaction pays: each takes 5 of its 100 actions."""


class Payments(NamedTuple):
    """Payments, not written. `account` is the account after them; its transaction posts the `entries` and stores its
    receivables.
    """

    account: Account
    invoices: tuple[Invoice, ...] = ()
    entries: tuple[Entry, ...] = ()
    commands: tuple[Command, ...] = ()
    changes: tuple[Change, ...] = ()


def pay_unpaid(ctx: Context, account: Account, *, now: datetime, actor: Actor) -> Payments:
    """Pay up to ten invoices, as far as the balance reaches; the last one perhaps in part.

    `account` has the balance to pay from. One round trip if it is positive and an invoice is unpaid, else none.
    """
    if account.wallet.balance <= 0 or account.receivables.unpaid == ():
        return Payments(account)
    account = with_unpaid(ctx, account)
    found = _read_invoices(ctx, account.id, (account.receivables.unpaid or ())[:MAX_PAYMENTS])
    payments = Payments(account)
    for invoice in found:
        payments = _pay(payments, invoice, now=now, actor=actor)
    rest = payments.account.receivables.unpaid
    if found and rest and can_pay(payments.account, found[0].currency):
        return payments._replace(commands=(*payments.commands, make_due(account.id, rest[0], now=now)))
    return payments


def with_unpaid(ctx: Context, account: Account) -> Account:
    """The account with its list of unpaid invoices.

    An account that was stored before there was such a list: one query reads all its invoices, and the change that
    follows stores the list.
    """
    if account.receivables.unpaid is not None:
        return account
    last = account.counts.invoice_count
    first_key, last_key = keys.invoice(account.id, 1), keys.invoice(account.id, last)
    items = ctx.tables.query("core", first_key.pk, start=first_key.sk, end=last_key.sk) if last else ()
    issued = [invoice for invoice in map(read_invoice, items) if invoice.number is not None]
    issued.sort(key=lambda invoice: (stamp_or_none(invoice.due_date), invoice.number))
    smallest_charge = ctx.catalogs.current().smallest_charge
    small = [one for one in issued if one.is_overdue and one.amount_due < smallest_charge]
    receivables = Receivables(
        unpaid=tuple(one.position for one in issued if one.status in UNPAID),
        unreminded={one.position: one.amount_due for one in small},
        last_issued_at=max((one.issued_at for one in issued if one.issued_at), default=None),
    )
    return replace(account, receivables=receivables)


def _read_invoices(ctx: Context, account_id: str, positions: Iterable[int]) -> list[Invoice]:
    invoice_keys = [keys.invoice(account_id, position) for position in positions]
    items = ctx.tables.get_many(invoice_keys)
    return [read_invoice(items[key]) for key in invoice_keys]


def _pay(payments: Payments, before: Invoice, *, now: datetime, actor: Actor) -> Payments:
    """The payments with one more, or as before if the balance is used up."""
    account = payments.account
    after = before.pay_from(account.wallet.balance, at=now)
    entry = payment_entry(account, after, paid_before=before.paid_by_balance, at=now)
    if entry is None:
        return payments
    change = Change(
        actor,
        "invoice.paid" if after.status == "paid" else "invoice.paid_in_part",
        INVOICE + after.id,
        before=audit_snapshot(before),
        after=audit_snapshot(after),
        events=(wallet_moved(entry), *((invoice_paid(after),) if after.status == "paid" else ())),
    )
    return Payments(
        after_invoice(ledger.after_entry(account, entry), before, after),
        (*payments.invoices, after),
        (*payments.entries, entry),
        (*payments.commands, replace_invoice(before, after)),
        (*payments.changes, change),
    )
