"""Issues an invoice: its number, what the balance pays of it, its audit entry, mail and events.

Closing a period and reissuing a void invoice use it, each in its own transaction.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor
from tallybook.domain.events.billing import invoice_issued, invoice_paid, wallet_moved
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoices import Invoice, audit_snapshot
from tallybook.domain.outbox import InvoiceRef, Mail
from tallybook.domain.receivables import after_invoice, can_pay
from tallybook.services.billing.invoice_entries import payment_entry
from tallybook.services.changes import Change
from tallybook.store import ledger
from tallybook.store.accounts import count_invoices, set_receivables
from tallybook.store.commands import Command
from tallybook.store.invoices import make_due, put_new_invoice, replace_draft


@dataclass(frozen=True, slots=True)
class Issue:
    """An issued invoice, not written: the commands that write it, and the change to record in their transaction."""

    invoice: Invoice
    commands: tuple[Command, ...]
    change: Change


def issue_invoice(
    account: Account, draft: Invoice, *, position: int | None, now: datetime, at: datetime | None, actor: Actor
) -> Issue:
    """The draft, issued under the account's next number.

    `position` is that of the stored draft, None if no draft is stored. The invoice's date is the end of its period
    (`Invoice.issue`), or `at`. It must be known which of the account's invoices are unpaid.
    """
    invoice = issued(replace(draft, position=position or account.counts.invoice_count + 1), account, now=now, at=at)
    entry = payment_entry(account, invoice, at=now)
    paid = (invoice_paid(invoice),) if invoice.status == "paid" else ()
    change = Change(
        actor,
        "invoice.issued",
        INVOICE + invoice.id,
        after=audit_snapshot(invoice),
        mails=(invoice_mail("invoice", account, invoice),) if invoice.total else (),
        events=(invoice_issued(invoice), *((wallet_moved(entry),) if entry else ()), *paid),
    )
    commands = (
        *((replace_draft(invoice),) if position else put_new_invoice(invoice)),
        count_invoices(account, positions=0 if position else 1, numbers=1),
        set_receivables(after_invoice(account, None, invoice)),
        *(ledger.post(account, entry) if entry else ()),
        *_pay_older(account, invoice, now=now),
    )
    return Issue(invoice, commands, change)


def issued(draft: Invoice, account: Account, *, now: datetime, at: datetime | None = None) -> Invoice:
    """The draft under the account's next number, paid from the balance as far as it reaches.

    While an older invoice is unpaid, the balance pays that one first.
    """
    number, not_before = account.counts.issued_count + 1, account.receivables.last_issued_at
    invoice = draft.issue(number=number, now=now, at=at, not_before=not_before)
    return invoice if account.receivables.unpaid else invoice.pay_from(account.wallet.balance, at=now)


def invoice_mail(template: str, account: Account, invoice: Invoice, **context: int) -> Mail:
    """A mail about an invoice, to the account's address. The rest of its context is read at delivery."""
    return Mail(template, (account.email,), context, InvoiceRef(account.id, invoice.position))


def _pay_older(account: Account, invoice: Invoice, *, now: datetime) -> tuple[Command, ...]:
    """Leave a task that pays the older unpaid invoices, if there is a balance: so it was before later money paid."""
    unpaid = account.receivables.unpaid
    return (make_due(account.id, unpaid[0], now=now),) if unpaid and can_pay(account, invoice.currency) else ()
