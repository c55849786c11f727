"""The invoices that an account has to pay: which are unpaid, and of which overdue ones no reminder was sent.

Source: docs/money.md, "Invoices".
"""

from dataclasses import replace

from tallybook.domain.accounts import Account
from tallybook.domain.invoices import UNPAID, Invoice
from tallybook.domain.money import minor_unit


def after_invoice(account: Account, before: Invoice | None, after: Invoice) -> Account:
    """The account after one of its invoices changed, or was issued: then `before` is None.

    A newer invoice is due later, so a list of unpaid ones that grows at its end has the oldest due date first.
    """
    unpaid, unreminded, last_issued_at = account.receivables
    position, was_overdue = after.position, before is not None and before.is_overdue
    unreminded = {other: due for other, due in unreminded.items() if other != position or after.is_overdue}
    if position in unreminded:
        unreminded[position] = after.amount_due
    others = tuple(other for other in unpaid or () if other != position)
    if before is None:
        unpaid, last_issued_at = (*others, position), after.issued_at
    return replace(
        account,
        counts=account.counts._replace(overdue_count=account.counts.overdue_count + after.is_overdue - was_overdue),
        receivables=account.receivables._replace(
            unpaid=unpaid if after.status in UNPAID else others,
            unreminded=unreminded,
            last_issued_at=last_issued_at,
        ),
    )


def remind_of(account: Account, overdue: Invoice, *, smallest_charge: int) -> tuple[Account, tuple[int, ...]]:
    """The account after an invoice became overdue, and the positions that one reminder names, the oldest first.

    No reminder is sent until the overdue invoices that none has named reach the smallest charge together: with 0.50,
    three of 0.42 have one at the second, which names two, and the third waits for the next.
    """
    due = {**account.receivables.unreminded, overdue.position: overdue.amount_due}
    if sum(due.values()) < smallest_charge:
        return replace(account, receivables=account.receivables._replace(unreminded=due)), ()
    named = tuple(position for position in account.receivables.unpaid or () if position in due)
    return replace(account, receivables=account.receivables._replace(unreminded={})), named


def can_pay(account: Account, currency: str) -> bool:
    """Whether the balance could pay a part of an unpaid invoice; so too if it is unknown which are unpaid."""
    return account.receivables.unpaid != () and account.wallet.balance >= minor_unit(currency)
