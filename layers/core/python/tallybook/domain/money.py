"""Money is an integer number of micros: 1,000,000 is 1.00 of the catalog's currency.

Prices and quantities are exact Decimals, costs are exact Fractions. Only `round_to_minor` turns them into money: it
rounds half away from zero to the currency's minor unit. A credit of the Quota dialect is a micro. Source:
docs/money.md, "Units and rounding".
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction  # 1 ms at a start, which some functions need for nothing else

MICROS = 1_000_000

DECIMALS = (0, 2, 3)
"""The decimals that amounts may have; a currency with others can't be billed in."""

# The currencies of ISO 4217 whose minor unit is not a hundredth.
_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}

# The largest product, 10^15 units with 9 decimals times a price with 12 decimals, has 38 digits: none may be rounded.
EXACT = Context(prec=60)


def decimals(currency: str) -> int:
    """The decimals of amounts in the currency: 2, 0 or 3, by ISO 4217."""
    return _DECIMALS.get(currency, 2)


def minor_unit(currency: str) -> int:
    """The currency's smallest amount, in micros: 10,000 for USD, 1,000,000 for JPY, 1,000 for KWD."""
    return MICROS // int(10 ** decimals(currency))


def round_to_minor(amount: "Decimal | Fraction", currency: str) -> int:
    """An exact amount of currency units, rounded half away from zero to the minor unit, in micros."""
    dividend, divisor = amount.as_integer_ratio()
    return round_ratio(dividend * 10 ** decimals(currency), by=divisor) * minor_unit(currency)


def round_ratio(dividend: int, *, by: int) -> int:
    """The nearest whole number; of two equally near ones, that further from zero: 5 by 2 is 3, -5 by 2 is -3."""
    nearest = (2 * abs(dividend) + by) // (2 * by)
    return nearest if dividend >= 0 else -nearest


def places(value: Decimal) -> int:
    """How many decimals a finite number needs: 1.50 needs 1, 100 needs none. ValueError for NaN and infinity."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("not a finite number")
    zeros = next((index for index, digit in enumerate(reversed(digits)) if digit), None)
    return 0 if zeros is None else max(0, -exponent - zeros)


def in_units(micros: int) -> Decimal:
    """Micros as currency units: 12,840,000 is 12.84."""
    return Decimal(micros).scaleb(-6)


def readable(micros: int, currency: str) -> str:
    """An amount as text for a mail: 1,234.50 USD, -5 JPY, 0.125 KWD."""
    return f"{in_units(micros):,.{decimals(currency)}f} {currency}"


def percentage(part: int, whole: int) -> Decimal:
    """`part` of `whole` in percent, 2 decimals, half away from zero; 0 if `whole` is 0."""
    if not whole:
        return Decimal(0)
    part, whole = (part, whole) if whole > 0 else (-part, -whole)
    return Decimal(round_ratio(part * 10_000, by=whole)).scaleb(-2, context=EXACT)


def ceil_div[T: (int, timedelta)](dividend: T, *, by: T) -> int:
    """`dividend / by`, rounded up to a whole number: 7 by 3 is 3; 90 s by 60 s is 2."""
    return -(-dividend // by)


def spread(total: int, weights: Sequence[Decimal], *, unit: int) -> list[int]:
    """Split `total` by weight into multiples of `unit` that add up to it: by the largest remainder.

    Of equal remainders, the first part's counts. `total` is a multiple of `unit`. If all weights are 0, the first part
    gets everything.
    """
    if not weights:
        return []
    if total < 0:
        return [-part for part in spread(-total, weights, unit=unit)]
    with localcontext(EXACT):
        whole = sum(weights, Decimal(0))
        if not whole:
            return [total] + [0] * (len(weights) - 1)
        units = total // unit
        exact = [units * weight / whole for weight in weights]
        parts = [int(part) for part in exact]
        by_remainder = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
        for index in by_remainder[: units - sum(parts)]:
            parts[index] += 1
    return [part * unit for part in parts]
