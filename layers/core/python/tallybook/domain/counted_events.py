"""What is known of a counted event as long as its marker lives: how it was accepted, and what the wallet paid for it.

Source: docs/usage.md, "One event".
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tallybook.domain.catalog import Price, Tier
from tallybook.domain.usage import decimal_text

_LONGEST_PRICE = 60


class Acceptance(NamedTuple):
    """How an event was accepted: `at` which instant, sent with the platform key `key_id` (None: by the queue).

    `period_start` is the start of its period, `late_for` of the period whose invoice bills it if it is late. `price`
    describes the price of the plan and the catalog version that the period had pinned. `amount` is what the wallet
    paid, in micros, by the ledger entry `entry_id`; None if the meter settles by invoice. An amount of 0 has no entry.
    """

    at: datetime
    period_start: datetime
    late_for: datetime | None = None
    key_id: str | None = None
    plan: str | None = None
    catalog_version: int | None = None
    price: str | None = None
    entry_id: str | None = None
    amount: int | None = None


class CountedEvent(NamedTuple):
    """A counted event. What its marker does not record is None, as in markers of older versions."""

    source: str
    id: str
    account_id: str
    meter: str
    quantity: Decimal
    acceptance: Acceptance
    time: datetime | None = None
    user_id: str | None = None
    session_id: str | None = None
    app_id: str | None = None
    sku: str | None = None


def describe_price(price: Price, currency: str) -> str:
    """The price in at most 60 ASCII characters: "USD 0.000014 per unit", "USD graduated: 1 to 5, 2 to 10, 3"."""
    free = f", {decimal_text(price.allowance)} free" if price.allowance else ""
    text = f"{currency} {_describe_model(price)}{free}"
    return text if len(text) <= _LONGEST_PRICE else f"{text[: _LONGEST_PRICE - 3]}..."


def _describe_model(price: Price) -> str:
    match price.model:
        case "per_unit":
            return f"{decimal_text(price.unit_price)} per unit"
        case "package":
            return f"{decimal_text(price.unit_price)} per started {decimal_text(price.block)}"
        case "flat":
            return f"{decimal_text(price.amount)} flat"
        case "graduated" | "volume":
            return f"{price.model}: {', '.join(map(_describe_tier, price.tiers))}"


def _describe_tier(tier: Tier) -> str:
    fee = f" + {decimal_text(tier.flat_fee)}" if tier.flat_fee else ""
    bound = "" if tier.up_to is None else f" to {decimal_text(tier.up_to)}"
    return f"{decimal_text(tier.unit_price)}{fee}{bound}"
