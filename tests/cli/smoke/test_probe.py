"""The usage that the smoke test sends costs whole minor units, whatever the catalog's prices are."""

from decimal import Decimal
from typing import Any

import pytest

from tallybook.cli.catalog_file import read_catalog
from tallybook.cli.smoke.probe import Probe, cheapest_probe
from tallybook.domain.catalog import Meter, Price, parse_catalog
from tests.support.app import CATALOG


def catalog(*prices: Price, currency: str = "USD", settles: Any = "invoice") -> Any:
    meter = Meter("cpu", "sandbox", "second", settles, prices)
    return parse_catalog(read_catalog(CATALOG), version=1)._replace(meters={"cpu": meter}, currency=currency)


@pytest.mark.parametrize(
    ("price", "currency", "quantity", "amount"),
    [
        ("0.02", "USD", 1, 20_000),
        ("0.000014", "USD", 10_000, 140_000),
        ("0.005", "USD", 10, 50_000),
        ("0.005", "KWD", 1, 5_000),
        ("0.5", "JPY", 10, 5_000_000),
        ("3", "JPY", 1, 3_000_000),
    ],
)
def test_it_is_the_least_that_costs_whole_minor_units(price: str, currency: str, quantity: int, amount: int) -> None:
    found = cheapest_probe(catalog(Price("per_unit", Decimal(price)), currency=currency), "hobby")
    assert found == Probe("cpu", None, quantity, amount)


def test_the_cheapest_price_is_taken_and_its_sku() -> None:
    prices = (Price("per_unit", Decimal(3)), Price("per_unit", Decimal(1), sku="S"))
    assert cheapest_probe(catalog(*prices), "hobby") == Probe("cpu", "S", 1, 1_000_000)


@pytest.mark.parametrize(
    "price",
    [
        Price("per_unit", Decimal(1), allowance=Decimal(5)),
        Price("per_unit", Decimal(0)),
        Price("package", Decimal(1)),
        Price("per_unit", Decimal(1), plans=("pro",)),
    ],
)
def test_a_price_whose_cost_depends_on_other_usage_or_plans_is_not_taken(price: Price) -> None:
    assert cheapest_probe(catalog(price), "hobby") is None


def test_usage_that_the_wallet_pays_is_not_on_the_bill() -> None:
    assert cheapest_probe(catalog(Price("per_unit", Decimal(1)), settles="wallet"), "hobby") is None
