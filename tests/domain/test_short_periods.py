"""A period that a plan change cuts short has its part of allowances, of tier bounds and of flat fees."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.catalog import Model, Price, Tier
from tallybook.domain.money import round_to_minor
from tallybook.domain.rating import rate
from tallybook.domain.usage import scale_quantity
from tests.domain.random_prices import parts, prices, quantities, rates, tiers
from tests.support.hypothesis_settings import deterministic

NANO = Fraction(1, 10**9)
HALF = Fraction(1, 2)
FEES = tiers(("5", "1.00", "10"), ("10", "2.00", "20"), (None, "3.00", "30"))
TWO_MINUTES = Fraction(2, 30 * 24 * 60)


def test_twenty_parts_of_two_minutes_have_40_minutes_of_an_allowance() -> None:
    """50.00 per TB, 1 TB free: 20 x (1 - 0.000046297) TB are 999.953703; each is rounded once, to 50.00."""
    price = Price("per_unit", unit_price=Decimal(50), allowance=Decimal(1))
    each = rate(price, Decimal(1), part=TWO_MINUTES)
    assert 20 * each == Fraction("999.953703")
    assert [round_to_minor(each, currency) for currency in ("USD", "KWD", "JPY")] == [
        50_000_000,
        49_998_000,
        50_000_000,
    ]


def test_half_of_an_allowance_and_of_tiers_with_fees() -> None:
    """An allowance of 5 becomes 2.5, the bounds 5 and 10 become 2.5 and 5, the fees 10, 20, 30 become 5, 10, 15."""
    price = Price("graduated", tiers=FEES, allowance=Decimal(5))
    costs = {"2.5": "5", "5": "7.5", "5.000000001": "17.500000002", "7.5": "22.5", "8.5": "40.5"}
    assert {quantity: rate(price, Decimal(quantity), part=HALF) for quantity in costs} == {
        quantity: Fraction(cost) for quantity, cost in costs.items()
    }


def test_half_of_volume_tiers_with_fees() -> None:
    price = Price("volume", tiers=FEES)
    costs = {"0": "5", "2.5": "7.5", "2.500000001": "15.000000002", "5": "20", "6": "33"}
    assert {quantity: rate(price, Decimal(quantity), part=HALF) for quantity in costs} == {
        quantity: Fraction(cost) for quantity, cost in costs.items()
    }


def test_a_flat_amount_is_charged_for_its_exact_part() -> None:
    price = Price("flat", amount=Decimal(5))
    assert rate(price, Decimal(1), part=Fraction(1, 3)) == Fraction(5, 3)
    assert 4 * rate(price, Decimal(1), part=TWO_MINUTES) == Fraction(20, 21_600)


def test_fees_are_rounded_with_the_amount_and_not_before() -> None:
    """A third of 0.01 and of 0.02 are 0.01 together, but 0.00 and 0.01 apart; 0.005 and 0.005 are 0.01, not 0.02."""
    thirds = Price("graduated", tiers=tiers(("3", "0", "0.01"), (None, "0", "0.02")))
    assert rate(thirds, Decimal(2), part=Fraction(1, 3)) == Fraction(1, 100)
    halves = Price("graduated", tiers=tiers(("3", "0", "0.01"), (None, "0", "0.01")))
    assert round_to_minor(rate(halves, Decimal(2), part=HALF), "USD") == 10_000


@pytest.mark.parametrize(
    ("whole", "part", "cut"),
    [
        ("10", "1/3", "3.333333334"),
        ("10", "3/10", "3"),
        ("1", "1/21600", "0.000046297"),
        ("10", "1/1000000000000", "0.000000001"),
        ("0.000000001", "1/2", "0.000000001"),
        ("0.000000000001", "1/2", "0.000000000001"),
        ("1.000000000001", "1", "1.000000000001"),
        ("0", "1/2", "0"),
        ("7", "0", "0"),
    ],
)
def test_a_part_is_rounded_up_to_nine_decimals_but_not_above_the_whole(whole: str, part: str, cut: str) -> None:
    assert scale_quantity(Decimal(whole), Fraction(part)) == Fraction(cut)


@pytest.mark.parametrize("model", ["graduated", "volume"])
def test_a_tier_that_became_empty_charges_no_fee(model: str) -> None:
    """A tenth of the bounds 1.000000001 and 1.000000002 is 0.100000001 for both."""
    rows = tiers(("1.000000001", "0", "1"), ("1.000000002", "0", "1000000"), (None, "0", "2"))
    price = Price(model, tiers=rows)
    tenth = Fraction(1, 10)
    assert rate(price, Decimal("0.100000001"), part=tenth) == tenth
    assert rate(price, Decimal("0.100000002"), part=tenth) == {"graduated": 3 * tenth, "volume": 2 * tenth}[model]
    assert rate(price, Decimal("1.000000002")) == {"graduated": 1_000_001, "volume": 1_000_000}[model]


@pytest.mark.parametrize(
    ("price", "quantity"),
    [
        (Price("package", unit_price=Decimal(5), block=Decimal(100)), "150"),
        (Price("per_unit", unit_price=Decimal(2)), "1.5"),
    ],
)
def test_blocks_and_unit_prices_are_those_of_the_whole_period(price: Price, quantity: str) -> None:
    assert rate(price, Decimal(quantity), part=Fraction(1, 3)) == rate(price, Decimal(quantity))


@deterministic
@given(price=prices(), part=parts, low=quantities, more=quantities)
def test_using_more_of_a_short_period_never_costs_less(
    price: Price, part: Fraction, low: Decimal, more: Decimal
) -> None:
    assert 0 <= rate(price, low, part=part) <= rate(price, low + more, part=part)


@deterministic
@given(whole=quantities, cuts=st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_the_parts_of_a_period_have_hardly_more_than_its_allowance(whole: Decimal, cuts: list[int]) -> None:
    shares = [scale_quantity(whole, Fraction(cut, sum(cuts))) for cut in cuts]
    assert Fraction(whole) <= sum(shares) <= Fraction(whole) + len(cuts) * NANO
    assert all(0 <= share <= Fraction(whole) for share in shares)


@deterministic
@given(amount=rates, cuts=st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_the_parts_of_a_period_have_exactly_its_flat_amount_and_base_fee(amount: Decimal, cuts: list[int]) -> None:
    flat = Price("flat", amount=amount)
    base = Price("volume", tiers=(Tier(Decimal(1), Decimal(0), amount), Tier(None, Decimal(0))))
    for price in (flat, base):
        assert sum(rate(price, Decimal(0), part=Fraction(cut, sum(cuts))) for cut in cuts) == Fraction(amount)


@deterministic
@given(
    model=st.sampled_from(["graduated", "volume"]),
    bounds=st.sets(st.decimals(1, "1.000000009", places=12), min_size=2, max_size=9),
    part=parts,
    quantity=st.decimals(0, 2, places=9),
)
def test_the_fee_of_a_tier_with_equal_bounds_does_not_matter(
    model: Model, bounds: set[Decimal], part: Fraction, quantity: Decimal
) -> None:
    tops = sorted(bounds)
    scaled = [scale_quantity(top, part) for top in tops]
    free = [Tier(top, Decimal(0)) for top in [*tops, None]]
    empty = [index for index in range(1, len(tops)) if scaled[index] == scaled[index - 1]]
    dear = [tier._replace(flat_fee=Decimal(10**6)) if index in empty else tier for index, tier in enumerate(free)]
    assert rate(Price(model, tiers=tuple(free)), quantity, part=part) == 0
    assert rate(Price(model, tiers=tuple(dear)), quantity, part=part) == 0
