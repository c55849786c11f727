"""The ledger entries of an invoice: what the balance pays of it, and what a void one gives back."""

from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.invoices import Invoice
from tallybook.domain.wallet import Entry, entry_id, payment_id
from tallybook.store import ledger


def payment_entry(account: Account, invoice: Invoice, *, paid_before: int = 0, at: datetime) -> Entry | None:
    """What the wallet pays of the invoice beside what it paid before; None for nothing."""
    amount = invoice.paid_by_balance - paid_before
    if not amount:
        return None
    entry = Entry(
        id=payment_id(account.id, invoice.id, paid_before=paid_before),
        account_id=account.id,
        kind="invoice_payment",
        amount=-amount,
        cause=invoice.id,
        created_at=at,
    )
    return ledger.number_entry(account, entry)


def refund_entry(account: Account, invoice: Invoice, *, at: datetime) -> Entry | None:
    """All that the wallet paid of an invoice that is about to be void; None for nothing."""
    if not invoice.paid_by_balance:
        return None
    entry = Entry(
        id=entry_id(account.id, "refund", invoice.id),
        account_id=account.id,
        kind="refund",
        amount=invoice.paid_by_balance,
        cause=invoice.id,
        created_at=at,
    )
    return ledger.number_entry(account, entry)
