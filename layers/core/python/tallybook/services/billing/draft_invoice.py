"""Creates or refreshes the draft of the open period's invoice. Source: ScaleBox billing, "Generate Current Invoice".

The draft shows the invoice as if the period ended now, and has the id that the invoice will have. It has a position in
the account's list, but no number. The audit log has an entry for a new draft, and none for a refreshed one.
"""

from dataclasses import replace

from tallybook.domain.accounts import Account
from tallybook.domain.audit import actor_of
from tallybook.domain.credentials import Principal
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoices import Invoice, audit_snapshot, invoice_id
from tallybook.domain.periods import period_of
from tallybook.services.billing.bill_period import bill_period
from tallybook.services.changes import Change, record, retry_on_conflict
from tallybook.services.context import Context
from tallybook.services.lookup import find_account
from tallybook.store import keys
from tallybook.store.accounts import count_invoices
from tallybook.store.invoices import put_new_invoice, replace_draft
from tallybook.store.periods import check_still_open


def draft_invoice(ctx: Context, principal: Principal) -> Invoice:
    """The draft for the period that contains now."""

    def draft(account: Account) -> Invoice:
        now = ctx.clock.now()
        period = period_of(account.schedule, now)
        place = ctx.tables.get(keys.invoice_place(invoice_id(account.id, period.start)))
        invoice = replace(
            bill_period(ctx, account, period, now=now).invoice,
            position=int(place["position"]) if place else account.counts.invoice_count + 1,
        )
        change = Change(actor_of(principal), "invoice.drafted", INVOICE + invoice.id, after=audit_snapshot(invoice))
        changes = () if place else (change,)
        ctx.tables.transact(
            [
                *((replace_draft(invoice),) if place else put_new_invoice(invoice)),
                count_invoices(account, positions=0 if place else 1, numbers=0),
                check_still_open(account.id, period),
                *record(account, *changes, at=now),
            ]
        )
        return invoice

    return retry_on_conflict(ctx, draft, principal.account, reload=lambda: find_account(ctx, principal.account.id))
