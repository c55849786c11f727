"""What a quantity costs, by five price models: exact, not rounded, and without the free allowance.

Each (meter, sku) of a period is rated once, from its summed quantity; `money.round_to_minor` then rounds the cost.
Source: docs/money.md, "Prices".

Graduated, 1.00 up to 5, 2.00 up to 10, 3.00 above: 3 units cost 3.00, 7 cost 9.00 (5 x 1.00 + 2 x 2.00).
Volume, the same tiers: 7 units cost 14.00, all at the price of the tier that they reach.
Package, 5.00 for each started 100: 101 units cost 10.00.

A period that was cut short has the part that ran of allowances and tier bounds, rounded up to nine decimals, and the
exact part of flat fees and of a flat amount. Unit prices and blocks stay. Half of "1.00 up to 5 with a fee of 3.00,
2.00 above" is "1.00 up to 2.5 with a fee of 1.50, 2.00 above".
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from tallybook.domain.catalog import Price
from tallybook.domain.usage import scale_quantity

WHOLE = Fraction(1)

RATING_RULES = 2
"""The number of these rules. A closed period has the number of the rules by which it was billed; none before rules 2,
which added base fees, and the part of flat fees and amounts in a period that was cut short.
"""


def rate(price: Price, quantity: Decimal, *, part: Fraction = WHOLE) -> Fraction:
    """The exact cost of the summed quantity, in currency units; `part` is the part of the period that ran."""
    billable = max(Fraction(0), Fraction(quantity) - Fraction(scale_quantity(price.allowance, part)))
    match price.model:
        case "per_unit":
            return billable * Fraction(price.unit_price)
        case "graduated":
            return _graduated(_scale_tiers(price, part), billable)
        case "volume":
            tier = next(tier for tier in _scale_tiers(price, part) if tier.top is None or billable <= tier.top)
            return tier.flat_fee + billable * tier.unit_price
        case "package":
            return ceil(billable / Fraction(price.block)) * Fraction(price.unit_price)
        case "flat":
            return Fraction(price.amount) * part


def base_fee(price: Price | None) -> Decimal:
    """The flat fee of the first tier, which a price without sku charges in each period, used or not."""
    has_base_fee = price is not None and price.sku is None and price.model in ("graduated", "volume")
    return price.tiers[0].flat_fee if price is not None and has_base_fee else Decimal(0)


class _Tier(NamedTuple):
    """A tier for the part of the period that ran; `top` is its inclusive upper bound."""

    top: Fraction | None
    unit_price: Fraction
    flat_fee: Fraction


def _scale_tiers(price: Price, part: Fraction) -> list[_Tier]:
    return [
        _Tier(
            top=None if tier.up_to is None else Fraction(scale_quantity(tier.up_to, part)),
            unit_price=Fraction(tier.unit_price),
            flat_fee=Fraction(tier.flat_fee) * part,
        )
        for tier in price.tiers
    ]


def _graduated(tiers: Sequence[_Tier], quantity: Fraction) -> Fraction:
    """Each tier's units at its own price, plus its flat fee once it is entered; the first tier is always entered.

    Nothing can enter a tier whose bounds became equal when they were rounded up.
    """
    cost, floor = tiers[0].flat_fee, Fraction(0)
    for index, tier in enumerate(tiers):
        top = quantity if tier.top is None else min(quantity, tier.top)
        if top <= floor:
            continue
        cost += (top - floor) * tier.unit_price + (tier.flat_fee if index else 0)
        floor = top
    return cost
