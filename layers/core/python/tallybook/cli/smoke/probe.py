"""The usage that the smoke test sends: as little as shows on a bill, at a price that needs no rounding."""

from decimal import Decimal
from typing import NamedTuple

from tallybook.domain.catalog import Catalog
from tallybook.domain.money import MICROS, minor_unit


class Probe(NamedTuple):
    """A quantity of a meter, and what it costs in micros: whole minor units, so that bills add up exactly."""

    meter: str
    sku: str | None
    quantity: int
    amount: int


def cheapest_probe(catalog: Catalog, plan: str) -> Probe | None:
    """The cheapest usage of the catalog that costs something on this plan.

    Only a price per unit without an allowance costs the same whatever else was used; None if the catalog has none.
    """
    unit = minor_unit(catalog.currency)
    found = [
        _probe(meter.name, price.sku, price.unit_price, unit)
        for meter in catalog.meters.values()
        if meter.settles == "invoice"
        for price in meter.prices
        if price.model == "per_unit" and price.unit_price > 0 and not price.allowance
        if meter.price(plan=plan, sku=price.sku) == price
    ]
    return min(found, key=lambda probe: probe.amount, default=None)


def _probe(meter: str, sku: str | None, unit_price: Decimal, unit: int) -> Probe:
    quantity = 1
    while (amount := unit_price * quantity * MICROS) % unit:
        quantity *= 10
    return Probe(meter, sku, quantity, int(amount))
