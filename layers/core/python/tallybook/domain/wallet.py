"""The prepaid wallet: an append-only ledger whose entries add up to the balance. Source: docs/money.md, "The wallet".

An entry's id is derived from its cause, so that one cause can't move money twice.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from tallybook.domain.catalog import Price
from tallybook.domain.errors import Invalid
from tallybook.domain.ids import derived_id
from tallybook.domain.money import MICROS
from tallybook.domain.rating import rate

type Kind = Literal["welcome", "grant", "adjustment", "usage", "invoice_payment", "refund"]

MAX_MOVE = 10**15


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement: a signed amount in micros, the balance after it, and its number within the account, from 1."""

    id: str
    account_id: str
    kind: Kind
    amount: int
    cause: str
    created_at: datetime
    number: int = 0
    balance_after: int = 0
    note: str | None = None


def entry_id(account_id: str, kind: Kind, cause: str) -> str:
    """Grants and adjustments use the same references: one reference moves money once, whichever the kind."""
    family = "credits" if kind in ("grant", "adjustment") else kind
    return derived_id("ledger", account_id, family, cause)


def payment_id(account_id: str, invoice_id: str, *, paid_before: int) -> str:
    """An invoice may be paid in parts: what was paid of it before, in micros, tells them apart."""
    return entry_id(account_id, "invoice_payment", f"{invoice_id} {paid_before}" if paid_before else invoice_id)


def check_move(kind: Kind, amount: int) -> int:
    """Invalid for zero, for more than 10^15 credits in either direction, and for a negative grant."""
    if kind == "grant" and amount <= 0:
        raise Invalid("amount must be above 0 for a grant", field="amount")
    if amount == 0 or abs(amount) > MAX_MOVE:
        raise Invalid("amount must not be 0 and at most 10^15 either way", field="amount")
    return amount


def debit(price: Price, quantity: Decimal) -> int:
    """The micros that usage takes from the wallet: whole units at whole micros each, so nothing needs rounding."""
    return int(rate(price, quantity) * MICROS)
