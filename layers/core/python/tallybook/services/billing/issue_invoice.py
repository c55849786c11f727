"""Issues an invoice: its number, what the balance pays of it, its audit entry, mail and events.

Closing a period and reissuing a void invoice use it, each in its own transaction.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tallybook.domain.accounts import Account
from tallybook.domain.audit import Actor
from tallybook.domain.events.billing import invoice_issued, invoice_paid, wallet_moved
from tallybook.domain.ids import INVOICE
from tallybook.domain.invoices import Invoice
from tallybook.domain.outbox import InvoiceRef, Mail
from tallybook.domain.wallet import Entry, entry_id
from tallybook.services.changes import Change
from tallybook.store import ledger
from tallybook.store.accounts import count_invoices
from tallybook.store.commands import Command
from tallybook.store.invoices import put_new_invoice, replace_draft


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
    (`Invoice.issue`), or `at`.
    """
    invoice = replace(draft, position=position or account.counts.invoice_count + 1).issue(
        number=account.counts.issued_count + 1, now=now, at=at
    )
    invoice = invoice.pay_from(account.wallet.balance, at=now)
    entry = wallet_entry(account, invoice, "invoice_payment", at=now)
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
        *(ledger.post(account, entry) if entry else ()),
    )
    return Issue(invoice, commands, change)


def invoice_mail(template: str, account: Account, invoice: Invoice, **context: int) -> Mail:
    """A mail about an invoice, to the account's address. The rest of its context is read at delivery."""
    return Mail(template, (account.email,), context, InvoiceRef(account.id, invoice.position))


def audit_snapshot(invoice: Invoice) -> dict[str, object]:
    """The fields of an invoice that the audit log stores."""
    return {
        "status": invoice.status,
        "number": invoice.number,
        "total": invoice.total,
        "paid_by_balance": invoice.paid_by_balance,
    }


def wallet_entry(
    account: Account, invoice: Invoice, kind: Literal["invoice_payment", "refund"], *, at: datetime
) -> Entry | None:
    """The ledger entry of what the wallet pays of the invoice, or gets back; None if it paid nothing."""
    paid = invoice.paid_by_balance
    if not paid:
        return None
    return ledger.number_entry(
        account,
        Entry(
            id=entry_id(account.id, kind, invoice.id),
            account_id=account.id,
            kind=kind,
            amount=paid if kind == "refund" else -paid,
            cause=invoice.id,
            created_at=at,
        ),
    )
