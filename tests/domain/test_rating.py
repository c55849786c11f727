"""Five price models over the quantity that exceeds the allowance."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

from tallybook.domain.catalog import Price
from tallybook.domain.rating import base_fee, rate
from tests.domain.random_prices import prices, quantities, tiers
from tests.support.hypothesis_settings import deterministic

THREE = tiers(("5", "1.00"), ("10", "2.00"), (None, "3.00"))
FEES = tiers(("5", "1.00", "10"), ("10", "2.00", "20"), (None, "3.00", "30"))


def cost(price: Price, quantity: str) -> Fraction:
    return rate(price, Decimal(quantity))


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("0", "0"), ("3", "3.00"), ("5", "5.00"), ("5.5", "6.00"), ("7", "9.00"), ("10", "15.00"), ("12", "21.00")],
)
def test_graduated_prices_each_tiers_part_at_its_own_price(quantity: str, expected: str) -> None:
    assert cost(Price("graduated", tiers=THREE), quantity) == Decimal(expected)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        *[("0", "10"), ("3", "13"), ("5", "15"), ("5.000000001", "35.000000002")],
        *[("10", "45"), ("10.000000001", "75.000000003"), ("11", "78")],
    ],
)
def test_a_graduated_flat_fee_is_charged_on_entering_its_tier(quantity: str, expected: str) -> None:
    assert cost(Price("graduated", tiers=FEES), quantity) == Decimal(expected)


@pytest.mark.parametrize(
    ("quantity", "expected"), [("0", "0"), ("5", "5"), ("5.1", "10.2"), ("7", "14.00"), ("10", "20"), ("11", "33")]
)
def test_volume_prices_everything_at_the_tier_it_reaches(quantity: str, expected: str) -> None:
    assert cost(Price("volume", tiers=THREE), quantity) == Decimal(expected)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("0", "10"), ("5", "15"), ("5.000000001", "30.000000002"), ("6", "32"), ("10", "40"), ("11", "63")],
)
def test_volume_adds_only_the_flat_fee_of_the_tier_it_reaches(quantity: str, expected: str) -> None:
    assert cost(Price("volume", tiers=FEES), quantity) == Decimal(expected)


@pytest.mark.parametrize(("model", "at_bound"), [("graduated", "15"), ("volume", "15")])
def test_after_an_allowance_a_quantity_on_a_bound_stays_in_its_tier(model: str, at_bound: str) -> None:
    price = Price(model, tiers=FEES, allowance=Decimal("1.5"))
    assert cost(price, "6.5") == Decimal(at_bound)
    assert cost(price, "6.500000001") > Decimal(at_bound) + 14


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("0", "0"), ("0.000000001", "5.00"), ("99", "5.00"), ("100", "5.00"), ("101", "10.00"), ("200.5", "15.00")],
)
def test_a_package_is_paid_for_each_started_block(quantity: str, expected: str) -> None:
    assert cost(Price("package", unit_price=Decimal(5), block=Decimal(100)), quantity) == Decimal(expected)


def test_flat_is_one_amount_for_any_quantity() -> None:
    price = Price("flat", amount=Decimal("9.90"))
    assert cost(price, "0") == cost(price, "1000000") == Decimal("9.90")


def test_per_unit_is_exact_down_to_the_last_digit() -> None:
    assert cost(Price("per_unit", unit_price=Decimal("0.000014")), "835714.285714286") == Decimal("11.700000000000004")


def test_an_allowance_is_taken_off_first_down_to_zero() -> None:
    allowance = Decimal(4)
    assert cost(Price("per_unit", unit_price=Decimal(2), allowance=allowance), "3") == 0
    assert cost(Price("per_unit", unit_price=Decimal(2), allowance=allowance), "4.5") == 1
    assert cost(Price("graduated", tiers=THREE, allowance=allowance), "11") == 9
    assert cost(Price("volume", tiers=THREE, allowance=allowance), "11") == 14
    assert cost(Price("package", unit_price=Decimal(5), block=Decimal(100), allowance=allowance), "104") == 5
    assert cost(Price("package", unit_price=Decimal(5), block=Decimal(100), allowance=allowance), "104.1") == 10


def test_the_largest_quantity_at_the_finest_price_loses_no_digit() -> None:
    price = Price("per_unit", unit_price=Decimal("999999999999999.999999999999"))
    exact = rate(price, Decimal("999999999999999.999999999"))
    assert exact == Fraction("999999999999999.999999999999") * Fraction("999999999999999.999999999")


@pytest.mark.parametrize(
    ("price", "fee"),
    [
        (Price("graduated", tiers=FEES), 10),
        (Price("volume", tiers=FEES), 10),
        (Price("graduated", tiers=THREE), 0),
        (Price("graduated", tiers=FEES, sku="S"), 0),
        (Price("per_unit", unit_price=Decimal(1), tiers=FEES), 0),
        (Price("flat", amount=Decimal(1)), 0),
        (None, 0),
    ],
)
def test_the_first_tiers_fee_of_a_price_without_sku_is_a_base_fee(price: Price | None, fee: int) -> None:
    assert base_fee(price) == fee


@deterministic
@given(price=prices(), low=quantities, more=quantities)
def test_using_more_never_costs_less(price: Price, low: Decimal, more: Decimal) -> None:
    assert 0 <= rate(price, low) <= rate(price, low + more)


@deterministic
@given(price=prices())
def test_without_usage_only_flat_amounts_and_base_fees_cost(price: Price) -> None:
    assert rate(price, Decimal(0)) == (price.amount if price.model == "flat" else base_fee(price))
