"""Marks an open invoice overdue once its due date has passed. Source: docs/money.md, "Invoices"."""

from tallybook.domain.accounts import Account
from tallybook.domain.audit import INVOICING, Actor
from tallybook.domain.events.billing import invoice_overdue
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoices import Invoice
from tallybook.domain.outbox import Mail
from tallybook.services.billing.issue_invoice import audit_snapshot, invoice_mail
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.accounts import count_overdue, read_account
from tallybook.store.commands import Item
from tallybook.store.invoices import read_invoice, replace_invoice
from tallybook.store.keys import Key


def mark_overdue(ctx: Context, account_id: str, position: int, *, actor: Actor = INVOICING) -> Invoice | None:
    """The invoice at this position, now overdue; None, and nothing is written, if it is not open or not due yet."""
    account_key, invoice_key = keys.account(account_id), keys.invoice(account_id, position)

    def read() -> dict[Key, Item]:
        return ctx.tables.get_many([account_key, invoice_key])

    def mark(items: dict[Key, Item]) -> Invoice | None:
        if len(items) < 2:
            return None
        now, account, before = ctx.clock.now(), read_account(items[account_key]), read_invoice(items[invoice_key])
        if before.status != "open" or before.due_date is None or before.due_date > now:
            return None
        after = before.mark_overdue()
        change = Change(
            actor,
            "invoice.overdue",
            INVOICE + after.id,
            before=audit_snapshot(before),
            after=audit_snapshot(after),
            mails=_reminder(ctx, account, after),
            events=(invoice_overdue(after),),
        )
        ctx.tables.transact(
            [replace_invoice(before, after), count_overdue(account, by=1), *record(account, change, at=now)]
        )
        return after

    return retry_on_conflict(ctx, mark, read(), reload=read)


def _reminder(ctx: Context, account: Account, invoice: Invoice) -> tuple[Mail, ...]:
    """No mail for less than the catalog's smallest charge."""
    if invoice.amount_due < ctx.catalogs.current().smallest_charge:
        return ()
    return (invoice_mail("invoice_overdue", account, invoice),)
