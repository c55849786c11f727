"""Five price models over the quantity that exceeds the allowance."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.catalog import Price, Tier
from tallybook.domain.rating import rate, scale_price
from tests.support.hypothesis_settings import deterministic


def tiers(*rows: tuple[str | None, str] | tuple[str | None, str, str]) -> tuple[Tier, ...]:
    return tuple(
        Tier(None if row[0] is None else Decimal(row[0]), Decimal(row[1]), *(Decimal(fee) for fee in row[2:]))
        for row in rows
    )


THREE = tiers(("5", "1.00"), ("10", "2.00"), (None, "3.00"))
FEES = tiers(("5", "1.00", "10"), ("10", "2.00", "20"), (None, "3.00", "30"))


def cost(price: Price, quantity: str) -> Decimal:
    return rate(price, Decimal(quantity))


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("0", "0"), ("3", "3.00"), ("5", "5.00"), ("5.5", "6.00"), ("7", "9.00"), ("10", "15.00"), ("12", "21.00")],
)
def test_graduated_prices_each_tiers_part_at_its_own_price(quantity: str, expected: str) -> None:
    assert cost(Price("graduated", tiers=THREE), quantity) == Decimal(expected)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("0", "10"), ("3", "13"), ("5", "15"), ("5.000000001", "35.000000002"), ("10", "45"), ("11", "78")],
)
def test_a_graduated_flat_fee_is_charged_on_entering_its_tier(quantity: str, expected: str) -> None:
    assert cost(Price("graduated", tiers=FEES), quantity) == Decimal(expected)


@pytest.mark.parametrize(
    ("quantity", "expected"), [("0", "0"), ("5", "5"), ("5.1", "10.2"), ("7", "14.00"), ("10", "20"), ("11", "33")]
)
def test_volume_prices_everything_at_the_tier_it_reaches(quantity: str, expected: str) -> None:
    assert cost(Price("volume", tiers=THREE), quantity) == Decimal(expected)


@pytest.mark.parametrize(("quantity", "expected"), [("0", "10"), ("5", "15"), ("6", "32"), ("11", "63")])
def test_volume_adds_only_the_flat_fee_of_the_tier_it_reaches(quantity: str, expected: str) -> None:
    assert cost(Price("volume", tiers=FEES), quantity) == Decimal(expected)


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
    assert Fraction(exact) == Fraction("999999999999999.999999999999") * Fraction("999999999999999.999999999")


def test_a_cut_period_has_its_part_of_allowance_and_tiers_rounded_up() -> None:
    """Half of an allowance of 5 is 3, and bounds at 5 and 10 become 3 and 5; fees and prices stay."""
    half = scale_price(Price("graduated", tiers=FEES, allowance=Decimal(5)), Fraction(1, 2))
    assert half.allowance == 3
    assert half.tiers == tiers(("3", "1.00", "10"), ("5", "2.00", "20"), (None, "3.00", "30"))


def test_a_full_period_keeps_its_price_and_an_empty_one_no_allowance() -> None:
    price = Price("graduated", tiers=THREE, allowance=Decimal("4.5"))
    assert scale_price(price, Fraction(1)) is price
    assert scale_price(price, Fraction(0)).allowance == 0


@pytest.mark.parametrize(
    ("part", "allowance"),
    [(Fraction(1, 3), "4"), (Fraction(3, 10), "3"), (Fraction(301, 1000), "4"), (Fraction(1, 10**12), "1")],
)
def test_a_part_is_exact_before_it_is_rounded_up(part: Fraction, allowance: str) -> None:
    price = Price("per_unit", unit_price=Decimal(1), allowance=Decimal(10))
    assert scale_price(price, part).allowance == Decimal(allowance)


@pytest.mark.parametrize(
    "price",
    [
        Price("package", unit_price=Decimal(5), block=Decimal(100)),
        Price("flat", amount=Decimal("9.90")),
        Price("per_unit", unit_price=Decimal(2)),
    ],
)
def test_blocks_amounts_and_unit_prices_are_not_cut(price: Price) -> None:
    assert scale_price(price, Fraction(1, 3)) == price


quantities = st.decimals(0, 10**9, places=6)
rates = st.decimals(0, 100, places=6)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """Any price except volume, whose total may fall at the start of a cheaper tier."""
    allowance = draw(quantities)
    match draw(st.sampled_from(["per_unit", "graduated", "package", "flat"])):
        case "per_unit":
            return Price("per_unit", unit_price=draw(rates), allowance=allowance)
        case "package":
            block = draw(st.decimals("0.001", 1000, places=3))
            return Price("package", unit_price=draw(rates), block=block, allowance=allowance)
        case "flat":
            return Price("flat", amount=draw(rates))
        case _:
            bounds = sorted(draw(st.sets(st.decimals("0.1", 10**9, places=3), max_size=4)))
            rows = [Tier(bound, draw(rates), draw(rates)) for bound in [*bounds, None]]
            return Price("graduated", tiers=tuple(rows), allowance=allowance)


@deterministic
@given(price=prices(), low=quantities, more=quantities)
def test_using_more_never_costs_less(price: Price, low: Decimal, more: Decimal) -> None:
    assert 0 <= rate(price, low) <= rate(price, low + more)


@deterministic
@given(price=prices(), numbers=st.tuples(st.integers(0, 10**6), st.integers(1, 10**6)), quantity=quantities)
def test_a_shorter_period_never_has_a_larger_allowance(
    price: Price, numbers: tuple[int, int], quantity: Decimal
) -> None:
    part = Fraction(min(numbers), max(numbers))
    cut = scale_price(price, part)
    assert Fraction(price.allowance) * part <= Fraction(cut.allowance) < Fraction(price.allowance) * part + 1
    bounds = [tier.up_to for tier in cut.tiers if tier.up_to is not None]
    assert bounds == sorted(bounds)
    assert rate(cut, quantity) >= 0


@pytest.mark.parametrize(
    ("whole", "part", "cut"),
    [("0.5", Fraction(1, 1000), "0.5"), ("0.1", Fraction(1, 2), "0.1"), ("1.5", Fraction(1, 2), "1")],
)
def test_a_fraction_of_a_unit_is_not_rounded_above_its_price(whole: str, part: Fraction, cut: str) -> None:
    price = Price("graduated", tiers=tiers((whole, "100"), (None, "1")), allowance=Decimal(whole))
    assert scale_price(price, part).allowance == Decimal(cut)
    assert scale_price(price, part).tiers == tiers((cut, "100"), (None, "1"))


@deterministic
@given(
    whole=st.lists(quantities, min_size=1, max_size=5), numbers=st.tuples(st.integers(0, 10**6), st.integers(1, 10**6))
)
def test_no_part_of_an_allowance_or_a_tier_exceeds_the_whole(whole: list[Decimal], numbers: tuple[int, int]) -> None:
    allowance, *bounds = whole
    rows = tuple(Tier(bound, Decimal(1)) for bound in [*sorted(bounds), None])
    part = Fraction(min(numbers), max(numbers))
    cut = scale_price(Price("graduated", tiers=rows, allowance=allowance), part)
    assert allowance * 0 <= cut.allowance <= allowance
    for tier, before in zip(cut.tiers[:-1], rows, strict=False):
        assert tier.up_to is not None
        assert before.up_to is not None
        assert Fraction(before.up_to) * part <= Fraction(tier.up_to) <= Fraction(before.up_to)
