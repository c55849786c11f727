"""Prices, quantities and parts of a period, for property tests."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from tallybook.domain.catalog import Price, Tier

quantities = st.decimals(0, 10**9, places=6)
rates = st.decimals(0, 100, places=6)
parts = st.tuples(st.integers(1, 10**10), st.integers(1, 10**10)).map(lambda pair: Fraction(min(pair), max(pair)))
"""The part of a period that ran, above 0 and at most 1."""


def tiers(*rows: tuple[str | None, str] | tuple[str | None, str, str]) -> tuple[Tier, ...]:
    return tuple(
        Tier(None if row[0] is None else Decimal(row[0]), Decimal(row[1]), *(Decimal(fee) for fee in row[2:]))
        for row in rows
    )


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
