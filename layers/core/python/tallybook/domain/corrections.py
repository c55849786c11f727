"""What void and reissued invoices change in the closed periods that they billed. Source: docs/money.md, "Usage".

Either way the next invoice computes the late lines of these periods again: a void invoice may leave a credit that
nobody owed any more, and a reissued one may owe a credit that was withheld.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Literal

from tallybook.domain.accounts import Account, Correction
from tallybook.domain.invoices import Invoice
from tallybook.domain.times import stamp


def after_void(account: Account, invoice: Invoice) -> Account:
    """What the invoice billed for its own period and, as late usage, for earlier ones no longer stands."""
    return _correct(account, invoice, sign=1)


def after_reissue(account: Account, void: Invoice) -> Account:
    """The next revision bills all that again."""
    return _correct(account, void, sign=-1)


def billed_by(invoice: Invoice) -> dict[datetime, int]:
    """What the invoice bills for usage, in micros, by the start of the period in which it was used."""
    amounts = Counter({invoice.period.start: invoice.sum_of("usage")})
    for line in invoice.lines:
        if line.period_start is not None:
            amounts[line.period_start] += line.amount
    return {start: amount for start, amount in amounts.items() if amount}


def _correct(account: Account, invoice: Invoice, *, sign: Literal[1, -1]) -> Account:
    corrections, amounts, own = dict(account.corrections), billed_by(invoice), invoice.period.start
    for start in {own, *amounts}:
        before, amount = corrections.get(stamp(start), Correction()), amounts.get(start, 0)
        corrections[stamp(start)] = Correction(
            before.voided + sign * amount,
            before.forgiven + sign * max(0, amount),
            sign == 1 if start == own else before.is_void,
        )
    return replace(account, corrections=corrections)
