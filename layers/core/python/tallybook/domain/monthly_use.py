"""What counts as used of an account's monthly limits: its usage, and what a change of plan carried into the period.

Source: docs/money.md, "Plan changes".
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from fractions import Fraction

from tallybook.domain.money import EXACT
from tallybook.domain.quotas import MONTHLY, Quota
from tallybook.domain.usage import Quantities, scale_quantity


def monthly_use(quantities: Quantities) -> dict[str, Decimal]:
    """What was used of each monthly field, all skus of its meter together."""
    by_meter: dict[str, Decimal] = {}
    with localcontext(EXACT):
        for (meter, _), quantity in quantities.items():
            by_meter[meter] = by_meter.get(meter, Decimal(0)) + quantity
    return {name: by_meter.get(meter, Decimal(0)) for name, meter in MONTHLY.items()}


def add_use(use: Mapping[str, Decimal], more: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The sum by field, of the fields in `use`."""
    with localcontext(EXACT):
        return {name: amount + more.get(name, Decimal(0)) for name, amount in use.items()}


def use_ahead(
    use: Mapping[str, Decimal], carried: Mapping[str, Decimal], *, old: Quota, new: Quota, part: Fraction
) -> dict[str, Decimal]:
    """How much of each monthly limit was used ahead of time when a plan changes; negative if less was used.

    `use` of the period that ends and what was `carried` into it, less the `part` of the old limit for the time that
    ran, rounded up to nine decimals: 100 of 100 used after a tenth of the month is 90. If only the old plan has no such
    limit, what was carried in remains, less that part of the new limit. Source: docs/money.md, "Plan changes".
    """
    ahead: dict[str, Decimal] = {}
    with localcontext(EXACT):
        for name in MONTHLY:
            before = carried.get(name, Decimal(0))
            if name in old:
                ahead[name] = use[name] + before - scale_quantity(Decimal(old[name]), part)
            elif before:
                ahead[name] = before - scale_quantity(Decimal(new.get(name, 0)), part)
    return ahead
