"""Exact halves are rounded away from zero, once for each amount; a quantity on a bound belongs to the tier below."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.domain.bill import lines_of, project_cost
from tallybook.domain.catalog import Catalog, Meter, Price
from tallybook.domain.fees import FeeTime, fee_for
from tallybook.domain.invoice_lines import InvoiceLine, balance_lines, tax_on
from tallybook.domain.money import percentage, round_ratio, round_to_minor
from tallybook.domain.periods import Period
from tallybook.domain.price_list import Pin, PriceList
from tallybook.domain.rating import rate
from tests.domain.random_prices import tiers
from tests.support.hypothesis_settings import deterministic

CENT = 10_000
APRIL = Period(start=datetime(2026, 4, 1, tzinfo=UTC), end=datetime(2026, 5, 1, tzinfo=UTC), zone="UTC")
TIERS = tiers(("5", "1.00", "10"), ("10", "2.00", "20"), (None, "3.00", "30"))


def usage(*cents: int) -> list[InvoiceLine]:
    return [InvoiceLine("usage", "Resource Usage", amount * CENT) for amount in cents]


@pytest.mark.parametrize(
    ("number", "nearest"),
    [("1/2", 1), ("3/2", 2), ("5/2", 3), ("-1/2", -1), ("-3/2", -2), ("-5/2", -3), ("7/3", 2), ("-8/3", -3), ("0", 0)],
)
def test_a_half_is_rounded_away_from_zero(number: str, nearest: int) -> None:
    assert round_ratio(Fraction(number).numerator, by=Fraction(number).denominator) == nearest


@pytest.mark.parametrize(
    ("amount", "currency", "micros"),
    [
        ("2.5", "JPY", 3_000_000),
        ("-2.5", "JPY", -3_000_000),
        ("0.025", "USD", 30_000),
        ("-0.025", "USD", -30_000),
        ("0.0025", "KWD", 3_000),
        ("-0.0025", "KWD", -3_000),
    ],
)
def test_half_a_minor_unit_is_rounded_away_from_zero(amount: str, currency: str, micros: int) -> None:
    assert round_to_minor(Decimal(amount), currency) == micros
    assert round_to_minor(Fraction(amount), currency) == micros


def test_just_below_a_half_is_rounded_towards_zero() -> None:
    """A cost with a divisor is no finite decimal: the digits that a Decimal would drop decide."""
    below = Fraction(1, 200) - Fraction(1, 3 * 10**90)
    assert (round_to_minor(below, "USD"), round_to_minor(-below, "USD")) == (0, 0)


@pytest.mark.parametrize(
    ("cents", "rate", "tax"), [(25, 10, 3), (-25, 10, -3), (1290, 15, 194), (-1290, 15, -194), (90, 5, 5), (-90, 5, -5)]
)
def test_half_a_cent_of_tax_is_rounded_away_from_zero(cents: int, rate: int, tax: int) -> None:
    """15 % of 12.90 is 193.5 cents; the tax on a credit is as large."""
    assert tax_on(usage(cents), Decimal(rate), "USD") == tax * CENT


@pytest.mark.parametrize(
    ("cents", "rate", "tax"),
    [((3, 3, 3), 20, 2), ((1, 1, 1, 1), 10, 0), ((5, 5), 10, 1), ((-3, -3, -3), 20, -2), ((105, -90, 15), 15, 5)],
)
def test_tax_is_rounded_on_the_sum_and_not_on_each_line(cents: tuple[int, ...], rate: int, tax: int) -> None:
    assert tax_on(usage(*cents), Decimal(rate), "USD") == tax * CENT
    lines = balance_lines(usage(*cents), carried_credit_in=0, tax_rate=Decimal(rate), currency="USD")
    carried = sum(line.amount for line in lines if line.type == "carried")
    assert carried == max(0, -sum(cents) - tax) * CENT


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        (1, 800, "0.13"),
        (5, 800, "0.63"),
        (41, 800, "5.13"),
        (1, 20_000, "0.01"),
        (5, 20_000, "0.03"),
        (-1, 800, "-0.13"),
    ],
)
def test_half_a_hundredth_of_a_percent_is_rounded_away_from_zero(part: int, whole: int, percent: str) -> None:
    assert str(percentage(part, whole)) == percent


@pytest.mark.parametrize(
    ("cents", "day", "projected"), [(1, 12, 3), (5, 12, 13), (3, 4, 23), (3, 20, 5), (7, 4, 53), (9, 12, 23)]
)
def test_half_a_cent_of_a_projection_is_rounded_up(cents: int, day: int, projected: int) -> None:
    now = APRIL.start.replace(day=day)
    assert project_cost(cents * CENT, period=APRIL, now=now, currency="USD") == projected * CENT


@pytest.mark.parametrize(("price", "credit"), [(5, 3), (1, 1), (9, 5), (25, 13), (125, 63)])
def test_half_a_cent_of_an_unused_fee_is_rounded_up(price: int, credit: int) -> None:
    half = FeeTime(whole_ms=2, unused_ms=1)
    assert fee_for(price * CENT, half, discount=Decimal(0), currency="USD").proration_credit == credit * CENT
    assert fee_for(price * CENT, FeeTime(1), discount=Decimal(50), currency="USD").discount == credit * CENT


@pytest.mark.parametrize(("quantity", "cents"), [(1, 1), (3, 2), (5, 3), (9, 5), (13, 7)])
def test_half_a_cent_of_usage_is_rounded_up(quantity: int, cents: int) -> None:
    meter = Meter("ram", "sandbox", "GB", "invoice", (Price("per_unit", unit_price=Decimal("0.005")),))
    catalog = Catalog(1, "USD", 0, "hobby", plans={}, meters={"ram": meter}, packages=())
    (line,) = lines_of(PriceList(Pin(catalog, "hobby")), {("ram", None): Decimal(quantity)})
    assert line.amount == cents * CENT


@pytest.mark.parametrize("model", ["graduated", "volume"])
@pytest.mark.parametrize("part", [Fraction(1), Fraction(1, 2), Fraction(1, 5)])
@pytest.mark.parametrize("index", [0, 1])
def test_a_quantity_on_a_bound_pays_no_fee_of_the_tier_above(model: str, part: Fraction, index: int) -> None:
    """Up to 5 at 1.00 with a fee of 10, up to 10 at 2.00 with 20: 5 cost 15, 10 cost 45, or 40 by volume."""
    bound = Decimal((index + 1) * 5) * part.numerator / part.denominator
    expected = {"graduated": [15, 45], "volume": [15, 40]}[model][index]
    assert rate(Price(model, tiers=TIERS), bound, part=part) == expected * part


@deterministic
@given(halves=st.integers(-(10**12), 10**12), currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_rounding_an_exact_half_always_moves_away_from_zero(halves: int, currency: str) -> None:
    unit = round_to_minor(Decimal("0.6"), "JPY") // {"USD": 100, "JPY": 1, "KWD": 1000}[currency]
    amount = Fraction((2 * halves + 1) * unit, 2 * 1_000_000)
    assert abs(round_to_minor(amount, currency)) - abs(amount) * 1_000_000 == Fraction(unit, 2)
