"""A period's price list: its own pin, the former one, and catalogs of other versions."""

from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.bill import lines_of
from tallybook.domain.catalog import Catalog, Meter, Price, Settles
from tallybook.domain.price_list import Pin, PriceList
from tests.domain.random_prices import tiers


def catalog(*, settles: Settles = "invoice", **prices: tuple[Price, ...]) -> Catalog:
    """Its meters have these prices."""
    return Catalog(
        version=1,
        currency="USD",
        welcome_credit=0,
        free_plan="hobby",
        plans={},
        meters={name: Meter(name, "app", "seat", settles, prices[name]) for name in prices},
        packages=(),
    )


def at(price: int, **more: Any) -> Price:
    return Price("per_unit", unit_price=Decimal(price), **more)


def price_of(prices: PriceList, name: str = "seats", sku: str | None = None) -> Decimal | None:
    found = prices.find(name, sku)
    return found.price.unit_price if found else None


NOTHING = catalog()


def test_the_periods_own_price_applies_before_the_former_one() -> None:
    own, former = Pin(catalog(seats=(at(2),)), "pro"), Pin(catalog(seats=(at(1),)), "hobby")
    assert price_of(PriceList(own, former)) == 2
    assert price_of(PriceList(former, own)) == 1


@pytest.mark.parametrize(
    "own",
    [NOTHING, catalog(seats=(at(9, sku="S"),)), catalog(seats=(at(9, plans=("scale",)),))],
    ids=["no meter", "another sku", "another plan"],
)
def test_what_the_own_pin_lacks_has_the_former_price(own: Catalog) -> None:
    prices = PriceList(Pin(own, "pro"))
    assert prices.find("seats", None) is None
    assert prices.lacks([("seats", None)])
    former = Pin(catalog(seats=(at(1, plans=("hobby",)),)), "hobby")
    assert price_of(PriceList(Pin(own, "pro"), former)) == 1


def test_other_catalogs_are_searched_in_their_order() -> None:
    """Each at the price for the period's plan, else for any plan."""
    prices = PriceList(Pin(NOTHING, "pro"))
    hobby = catalog(seats=(at(3, plans=("hobby",)), at(5, plans=("scale",))))
    general = catalog(seats=(at(1), at(2, plans=("pro",))))
    assert price_of(prices.with_other(hobby).with_other(general)) == 3
    assert price_of(prices.with_other(NOTHING).with_other(general).with_other(hobby)) == 2
    assert price_of(prices.with_other(general), sku="S") is None


def test_a_meter_keeps_the_way_in_which_it_was_settled() -> None:
    wallet = Pin(catalog(settles="wallet", seats=(at(1),)), "hobby")
    invoice = Pin(catalog(seats=(at(2),)), "pro")
    for own, former in ((wallet, invoice), (invoice, wallet)):
        found = PriceList(own, former).find("seats", None)
        assert found is not None
        assert found.meter == former.catalog.meters["seats"]


def test_wallet_usage_that_only_another_version_has_is_not_on_the_bill() -> None:
    prices = PriceList(Pin(NOTHING, "pro")).with_other(catalog(settles="wallet", credits=(at(1),)))
    assert lines_of(prices, {("credits", None): Decimal(5)}) == ()


def test_what_no_catalog_sells_is_a_line_of_0() -> None:
    (line,) = lines_of(PriceList(Pin(NOTHING, "pro")), {("gone", "S"): Decimal(5)})
    assert (line.meter, line.sku, line.resource_type, line.quantity, line.amount) == ("gone", "S", "gone", 5, 0)


def test_a_meter_is_known_with_or_without_a_price_for_the_plan() -> None:
    prices = PriceList(Pin(catalog(seats=(at(1, plans=("scale",)),)), "pro"), Pin(catalog(disks=()), "hobby"))
    assert [prices.sells(name) for name in ("seats", "disks", "gone")] == [True, True, False]


def test_only_the_own_catalog_has_base_fees() -> None:
    base = Price("volume", tiers=tiers(("1", "1", "5"), (None, "1")))
    assert lines_of(PriceList(Pin(NOTHING, "pro"), Pin(catalog(seats=(base,)), "hobby")), {}) == ()
    (line,) = lines_of(PriceList(Pin(catalog(seats=(base,)), "pro")), {})
    assert (line.quantity, line.amount) == (0, 5_000_000)


def test_a_base_fee_that_rounds_to_0_has_no_line() -> None:
    base = Price("volume", tiers=tiers(("1", "1", "0.004"), (None, "1")))
    assert lines_of(PriceList(Pin(catalog(seats=(base,)), "pro")), {}) == ()
