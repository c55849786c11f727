"""Money is whole micros; it is rounded once, half away from zero, to the currency's minor unit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from tallybook.domain.money import (
    DECIMALS,
    ceil_div,
    decimals,
    in_units,
    minor_unit,
    percentage,
    places,
    round_to_minor,
    spread,
)
from tests.support.hypothesis_settings import deterministic


@pytest.mark.parametrize(("currency", "expected"), [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3)])
def test_a_currency_has_the_decimals_of_its_standard(currency: str, expected: int) -> None:
    assert decimals(currency) == expected
    assert minor_unit(currency) * 10**expected == 1_000_000


def test_every_billable_currency_of_the_standard_has_its_decimals() -> None:
    standard = {one.code: one.exponent for one in Currency if one.exponent in DECIMALS}
    assert {code: decimals(code) for code in standard} == standard
    assert {"USD": 2, "JPY": 0, "KWD": 3, "UYI": 0}.items() <= standard.items()


@pytest.mark.parametrize("currency", ["ABC", "CLF", "XAU"])
def test_a_currency_of_a_catalog_from_before_the_check_has_two_decimals(currency: str) -> None:
    assert (decimals(currency), round_to_minor(Decimal("0.005"), currency)) == (2, 10_000)


@pytest.mark.parametrize(
    ("amount", "currency", "micros"),
    [
        ("12.84", "USD", 12_840_000),
        ("0.004999999999", "USD", 0),
        ("0.005", "USD", 10_000),
        ("0.015", "USD", 20_000),
        ("0.025", "USD", 30_000),
        ("-0.005", "USD", -10_000),
        ("-0.004", "USD", 0),
        ("-0.015", "USD", -20_000),
        ("0.5", "JPY", 1_000_000),
        ("1.5", "JPY", 2_000_000),
        ("0.49", "JPY", 0),
        ("-0.5", "JPY", -1_000_000),
        ("0.0005", "KWD", 1_000),
        ("1.2344", "KWD", 1_234_000),
        ("-1.2345", "KWD", -1_235_000),
        ("999999999999999.995", "USD", 10**15 * 1_000_000),
    ],
)
def test_an_amount_is_rounded_half_away_from_zero_to_the_minor_unit(amount: str, currency: str, micros: int) -> None:
    assert round_to_minor(Decimal(amount), currency) == micros


def test_a_product_is_not_rounded_before_the_final_rounding() -> None:
    """10^15 units with 9 decimals at a price with 12: 38 digits, and the last one decides."""
    whole = 123456789012345678901234_000000
    assert round_to_minor(Decimal("123456789012345678901234.005"), "USD") == whole + 10_000
    assert round_to_minor(Decimal("123456789012345678901234.004999999999999999999"), "USD") == whole


def test_micros_are_shown_as_units() -> None:
    assert in_units(12_840_000) == Decimal("12.84")
    assert in_units(-1) == Decimal("-0.000001")


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (11_700_000, 12_840_000, "91.12"),
        (1_140_000, 12_840_000, "8.88"),
        (1, 3, "33.33"),
        (2, 3, "66.67"),
        (1, 20_000, "0.01"),
        (1, 20_001, "0.00"),
        (5, 5, "100.00"),
        (0, 5, "0.00"),
        (0, 0, "0"),
    ],
)
def test_a_percentage_has_two_decimals_and_is_zero_of_a_zero_total(part: int, whole: int, expected: str) -> None:
    assert str(percentage(part, whole)) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("1.50", 1),
        ("1", 0),
        ("100", 0),
        ("1E+3", 0),
        ("0.000", 0),
        ("0E-30", 0),
        ("1E-9", 9),
        ("1E-999999999", 999999999),
        (f"1.{'0' * 60}1", 61),
        (f"1.{'0' * 60}", 0),
    ],
)
def test_a_number_needs_the_decimals_up_to_its_last_digit(number: str, expected: int) -> None:
    assert places(Decimal(number)) == expected


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_infinity_and_nan_have_no_decimals(number: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        places(Decimal(number))


@pytest.mark.parametrize(("dividend", "by", "expected"), [(7, 3, 3), (6, 3, 2), (0, 3, 0), (-7, 3, -2)])
def test_ceil_div_rounds_up_to_a_whole_number(dividend: int, by: int, expected: int) -> None:
    assert ceil_div(dividend, by=by) == expected
    assert ceil_div(timedelta(seconds=dividend), by=timedelta(seconds=by)) == expected


@pytest.mark.parametrize(
    ("total", "weights", "unit", "parts"),
    [
        (100, ["1", "1", "1"], 1, [34, 33, 33]),
        (100, ["1", "1", "1"], 10, [40, 30, 30]),
        (10, ["1", "2", "3"], 1, [2, 3, 5]),
        (10, ["0", "5", "0"], 1, [0, 10, 0]),
        (7, ["0", "0"], 1, [7, 0]),
        (0, ["1", "2"], 1, [0, 0]),
        (-100, ["1", "1", "1"], 1, [-34, -33, -33]),
        (1, ["0.4", "0.6"], 1, [0, 1]),
        (5, [], 1, []),
    ],
)
def test_a_split_gives_the_rest_to_the_largest_remainders(
    total: int, weights: list[str], unit: int, parts: list[int]
) -> None:
    assert spread(total, [Decimal(weight) for weight in weights], unit=unit) == parts


weights = st.lists(st.decimals(0, 10**15, places=9), min_size=1, max_size=40)


@deterministic
@given(units=st.integers(-(10**12), 10**12), weights=weights, unit=st.sampled_from([1, 1_000, 10_000, 1_000_000]))
def test_the_parts_of_a_split_add_up_and_are_less_than_a_unit_from_exact(
    units: int, weights: list[Decimal], unit: int
) -> None:
    parts = spread(units * unit, weights, unit=unit)
    assert sum(parts) == units * unit
    assert all(part % unit == 0 for part in parts)
    whole = sum(map(_nano, weights))
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * whole - units * unit * _nano(weight)) < unit * whole


@deterministic
@given(amount=st.decimals(-(10**12), 10**12, places=12), currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_rounding_moves_at_most_half_a_unit_and_is_symmetric(amount: Decimal, currency: str) -> None:
    micros = round_to_minor(amount, currency)
    assert micros % minor_unit(currency) == 0
    assert abs(in_units(micros) - amount) * 2 <= in_units(minor_unit(currency))
    assert round_to_minor(-amount, currency) == -micros


def _nano(weight: Decimal) -> int:
    return int(weight.scaleb(9))
