"""A catalog is built from checked data; a meter finds the price of a sku and a plan."""

from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.catalog import Meter, Price, Tier, parse_catalog

DATA: dict[str, Any] = {
    "currency": "USD",
    "welcome_credit": 1_000_000,
    "free_plan": "hobby",
    "plans": {
        "hobby": {
            "display_name": "Hobby",
            "description": "",
            "price": "0",
            "billing_interval": "month",
            "limits": {"persistence_days": 1, "max_cpu_cores_per_sandbox": None},
        },
        "pro": {
            "display_name": "Pro",
            "description": "More",
            "price": "19.999999",
            "billing_interval": "year",
            "limits": {},
        },
    },
    "meters": {
        "cpu": {
            "resource_type": "sandbox",
            "unit": "second",
            "settles": "invoice",
            "prices": [
                {"model": "per_unit", "unit_price": "0.000014", "allowance": "5", "sku": "S", "plans": ["pro"]},
                {"model": "package", "unit_price": "5", "block": "100"},
                {"model": "flat", "amount": "9.90"},
                {
                    "model": "graduated",
                    "tiers": [{"up_to": "5", "unit_price": "1", "flat_fee": "2"}, {"unit_price": "0.5"}],
                },
            ],
        }
    },
    "packages": {"starter": {"name": "Starter", "price_cents": 500, "credits": 4_050_000}},
}


def test_prices_are_exact_and_fees_are_micros() -> None:
    catalog = parse_catalog(DATA, version=7)
    assert (catalog.version, catalog.currency, catalog.welcome_credit, catalog.free_plan) == (7, "USD", 10**6, "hobby")
    assert catalog.plans["pro"].price == 19_999_999
    assert (catalog.plans["hobby"].is_free, catalog.plans["pro"].is_free) == (True, False)
    assert catalog.plans["hobby"].limits == {"persistence_days": 1, "max_cpu_cores_per_sandbox": None}
    per_unit, package, flat, graduated = catalog.meters["cpu"].prices
    assert per_unit == Price("per_unit", unit_price=Decimal("0.000014"), allowance=Decimal(5), sku="S", plans=("pro",))
    assert package == Price("package", unit_price=Decimal(5), block=Decimal(100))
    assert flat == Price("flat", amount=Decimal("9.90"))
    assert graduated.tiers == (Tier(Decimal(5), Decimal(1), Decimal(2)), Tier(None, Decimal("0.5")))
    assert [(package.id, package.price_cents, package.credits) for package in catalog.packages] == [
        ("starter", 500, 4_050_000)
    ]


ALL, SCALE, SMALL, SMALL_SCALE = (
    Price("flat", amount=Decimal(1)),
    Price("flat", amount=Decimal(2), plans=("scale", "huge")),
    Price("flat", amount=Decimal(3), sku="S"),
    Price("flat", amount=Decimal(4), sku="S", plans=("scale",)),
)


@pytest.mark.parametrize("prices", [(ALL, SCALE, SMALL, SMALL_SCALE), (SMALL_SCALE, SMALL, SCALE, ALL)])
@pytest.mark.parametrize(
    ("plan", "sku", "expected"),
    [
        ("hobby", None, ALL),
        ("scale", None, SCALE),
        ("huge", None, SCALE),
        ("hobby", "S", SMALL),
        ("huge", "S", SMALL),
        ("scale", "S", SMALL_SCALE),
        ("scale", "M", None),
    ],
)
def test_a_price_is_found_by_sku_and_the_plans_own_price_goes_first(
    prices: tuple[Price, ...], plan: str, sku: str | None, expected: Price | None
) -> None:
    meter = Meter(name="m", resource_type="app", unit="u", settles="invoice", prices=prices)
    assert meter.price(plan=plan, sku=sku) == expected
