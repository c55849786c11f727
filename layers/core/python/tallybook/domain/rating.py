"""What a quantity costs, by five price models: exact, not rounded, and without the free allowance.

Each (meter, sku) of a period is rated once, from its summed quantity; `money.round_to_minor` then rounds the cost.
Source: docs/money.md, "Prices".

Graduated, 1.00 up to 5, 2.00 up to 10, 3.00 above: 3 units cost 3.00, 7 cost 9.00 (5 x 1.00 + 2 x 2.00).
Volume, the same tiers: 7 units cost 14.00, all at the price of the tier that they reach.
Package, 5.00 for each started 100: 101 units cost 10.00.
"""

from dataclasses import replace
from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from math import ceil

from tallybook.domain.catalog import Price, Tier
from tallybook.domain.money import EXACT


def rate(price: Price, quantity: Decimal) -> Decimal:
    """The exact cost of the summed quantity, in currency units."""
    with localcontext(EXACT):
        billable = max(Decimal(0), quantity - price.allowance)
        match price.model:
            case "per_unit":
                return billable * price.unit_price
            case "graduated":
                return _graduated(price.tiers, billable)
            case "volume":
                tier = _tier_of(price.tiers, billable)
                return tier.flat_fee + billable * tier.unit_price
            case "package":
                blocks = (billable / price.block).to_integral_value(rounding=ROUND_CEILING)
                return blocks * price.unit_price
            case "flat":
                return price.amount


def scale_price(price: Price, part: Fraction) -> Price:
    """The price for a period that was cut short: allowance and tier bounds are multiplied by the part that ran, and
    rounded up to whole units, but never above those of the whole period.

    Fees and unit prices stay. Half of "1.00 up to 5, 2.00 above" is "1.00 up to 3, 2.00 above".
    """
    if part == 1:
        return price
    return replace(
        price,
        allowance=_part_of(price.allowance, part),
        tiers=tuple(
            tier if tier.up_to is None else replace(tier, up_to=_part_of(tier.up_to, part)) for tier in price.tiers
        ),
    )


def _part_of(quantity: Decimal, part: Fraction) -> Decimal:
    return min(quantity, Decimal(ceil(Fraction(quantity) * part)))


def _graduated(tiers: tuple[Tier, ...], quantity: Decimal) -> Decimal:
    """Each tier's units at its own price, plus its flat fee once it is entered; any use enters the first tier."""
    cost, floor = Decimal(0), Decimal(0)
    for index, tier in enumerate(tiers):
        if index and quantity <= floor:
            break
        top = quantity if tier.up_to is None else min(quantity, tier.up_to)
        cost += tier.flat_fee + (top - floor) * tier.unit_price
        if tier.up_to is None:
            break
        floor = tier.up_to
    return cost


def _tier_of(tiers: tuple[Tier, ...], quantity: Decimal) -> Tier:
    return next(tier for tier in tiers if tier.up_to is None or quantity <= tier.up_to)
