"""What a void invoice had billed for periods, stored with them until a reissue bills it.

Either way the next invoice computes the late lines of these periods again: a void invoice may leave a credit that
nobody owed any more, and a reissued one may owe a credit that was withheld. Source: docs/money.md, "Usage".
"""

from collections import Counter
from datetime import datetime

from tallybook.domain.accounts import Account
from tallybook.domain.invoices import Invoice
from tallybook.domain.times import stamp
from tallybook.store.commands import Command
from tallybook.store.periods import bill_again, set_void, void_billed


def void_usage(account: Account, invoice: Invoice) -> tuple[Command, ...]:
    """What the invoice billed for its own period and, as late usage, for earlier ones no longer stands."""
    billed = billed_by(invoice)
    return (
        set_void(account.id, invoice.period.start, is_void=True),
        *(void_billed(account.id, start, amount) for start, amount in billed.items()),
        *_bill_again(account, billed),
    )


def restore_usage(account: Account, void: Invoice) -> tuple[Command, ...]:
    """The next revision bills all that again."""
    billed = billed_by(void)
    return (
        set_void(account.id, void.period.start, is_void=False),
        *(void_billed(account.id, start, -amount) for start, amount in billed.items()),
        *_bill_again(account, billed),
    )


def billed_by(invoice: Invoice) -> dict[datetime, int]:
    """What the invoice bills for usage, in micros, by the start of the period in which it was used."""
    amounts = Counter({invoice.period.start: invoice.sum_of("usage")})
    for line in invoice.lines:
        if line.period_start is not None:
            amounts[line.period_start] += line.amount
    return {start: amount for start, amount in amounts.items() if amount}


def _bill_again(account: Account, billed: dict[datetime, int]) -> tuple[Command, ...]:
    if not billed:
        return ()
    return (bill_again(account.id, map(stamp, billed), target=account.closing_cursor.period.start),)
