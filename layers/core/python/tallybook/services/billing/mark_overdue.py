"""The task of an invoice that is due: the balance pays, and what is open past its due date becomes overdue.

An invoice is due at its due date, or before if an earlier transaction could not pay all that the balance can.
Source: docs/money.md, "Invoices".
"""

from tallybook.domain.accounts import Account
from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.events.billing import invoice_overdue
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoices import Invoice, audit_snapshot
from tallybook.domain.outbox import InvoiceRef, Mail
from tallybook.domain.receivables import after_invoice, can_pay, remind_of
from tallybook.services.billing.pay_unpaid import pay_unpaid, with_unpaid
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys, ledger
from tallybook.store.accounts import read_account, set_receivables
from tallybook.store.commands import Item
from tallybook.store.invoices import has_own_due_date, read_invoice, replace_invoice
from tallybook.store.keys import Key

type _Items = dict[Key, Item]


def mark_overdue(ctx: Context, account_id: str, position: int, *, actor: Actor = INVOICING) -> list[Invoice]:
    """The invoices that changed: paid ones, perhaps in part, and the one at this position if it is now overdue.

    Each transaction pays up to ten invoices. None is written if nothing can be paid and the invoice is not open, or not
    due yet.
    """
    account_key, invoice_key = keys.account(account_id), keys.invoice(account_id, position)

    def read() -> _Items:
        return ctx.tables.get_many([account_key, invoice_key])

    def pay(items: _Items) -> tuple[Invoice, ...]:
        account = read_account(items[account_key])
        if not can_pay(account, read_invoice(items[invoice_key]).currency):
            return ()
        now = ctx.clock.now()
        payments = pay_unpaid(ctx, account, now=now, actor=actor)
        if payments.invoices:
            ctx.tables.transact(
                [
                    *payments.commands,
                    set_receivables(payments.account),
                    *ledger.post(account, *payments.entries),
                    *record(account, *payments.changes, at=now),
                ]
            )
        return payments.invoices

    def mark(items: _Items) -> tuple[Invoice, ...]:
        account, item = read_account(items[account_key]), items[invoice_key]
        return _mark(ctx, account, item, actor=actor)

    changed: list[Invoice] = []
    items = read()
    if len(items) < 2:
        return []
    while paid := retry_on_conflict(ctx, pay, items, reload=read):
        changed += paid
        items = read()
    return [*changed, *retry_on_conflict(ctx, mark, items, reload=read)]


def _mark(ctx: Context, account: Account, item: Item, *, actor: Actor) -> tuple[Invoice, ...]:
    """The invoice, now overdue, with the reminder that it causes."""
    now, before = ctx.clock.now(), read_invoice(item)
    if before.status != "open" or before.due_date is None or before.due_date > now:
        if not has_own_due_date(item):
            ctx.tables.transact([replace_invoice(before, before), *record(account, at=now)])
        return ()
    after = before.mark_overdue()
    account = with_unpaid(ctx, account)
    account_after, named = remind_of(
        after_invoice(account, before, after), after, smallest_charge=ctx.catalogs.current().smallest_charge
    )
    change = Change(
        actor,
        "invoice.overdue",
        INVOICE + after.id,
        before=audit_snapshot(before),
        after=audit_snapshot(after),
        mails=_reminders(account, named),
        events=(invoice_overdue(after),),
    )
    ctx.tables.transact(
        [replace_invoice(before, after), set_receivables(account_after), *record(account, change, at=now)]
    )
    return (after,)


def _reminders(account: Account, named: tuple[int, ...]) -> tuple[Mail, ...]:
    """One reminder of all of them; none for no invoices."""
    if not named:
        return ()
    first, *others = named
    return (Mail("invoice_overdue", (account.email,), {}, InvoiceRef(account.id, first, tuple(others))),)
