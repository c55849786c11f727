"""Creates or refreshes the draft of the open period's invoice. Source: ScaleBox billing, "Generate Current Invoice".

The draft shows the invoice as if the period ended now, and has the id that the invoice will have. It has a position in
the account's list, but no number. The audit log has an entry for a new draft, and none for a refreshed one, which still
counts as a change of the account. A draft that did not change is not written.
"""

from dataclasses import replace

from tallybook.domain.accounts import Account
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoices import Invoice, audit_snapshot, invoice_id
from tallybook.domain.periods import period_of
from tallybook.services.billing.bill_period import bill_period
from tallybook.services.changes import Change, record, record_without_entry, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.lookup import find_account
from tallybook.store import keys
from tallybook.store.accounts import count_invoices
from tallybook.store.commands import Command
from tallybook.store.invoices import put_new_invoice, read_invoice, replace_draft
from tallybook.store.periods import check_still_open


def draft_invoice(ctx: Context, principal: Principal) -> Invoice:
    """The draft for the period that contains now. TooManyRequests over 300 changes of the account in a minute."""

    def draft(account: Account) -> Invoice:
        now = ctx.clock.now()
        period = period_of(account.schedule, now)
        place_key = keys.invoice_place(invoice_id(account.id, period.start))
        newest_key = keys.invoice(account.id, account.counts.invoice_count)
        items = ctx.tables.get_many([place_key, newest_key])
        place, newest = items.get(place_key), items.get(newest_key)
        invoice = replace(
            bill_period(ctx, account, period, now=now).invoice,
            position=int(place["position"]) if place else account.counts.invoice_count + 1,
        )
        if newest is not None and read_invoice(newest) == invoice:
            return invoice
        actor, action = actor_of(principal), "invoice.drafted"
        if place:
            recorded: tuple[Command, ...] = (record_without_entry(account, actor=actor, action=action, at=now),)
            written: tuple[Command, ...] = (replace_draft(invoice),)
        else:
            change = Change(actor, action, INVOICE + invoice.id, after=audit_snapshot(invoice))
            recorded = record(account, change, at=now)
            written = put_new_invoice(invoice)
        counted = count_invoices(account, positions=0 if place else 1, numbers=0)
        ctx.tables.transact([*written, *recorded, counted, check_still_open(account.id, period)])
        return invoice

    return retry_on_conflict(ctx, draft, principal.account, reload=lambda: find_account(ctx, principal.account.id))
