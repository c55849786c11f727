"""The short text of a price that is kept with each counted event."""

from decimal import Decimal
from typing import Any

import pytest

from tallybook.domain.catalog import Price, Tier
from tallybook.domain.counted_events import describe_price

TIERS = (Tier(Decimal(5), Decimal("1.00")), Tier(Decimal(10), Decimal(2), flat_fee=Decimal("0.50")))
LAST = Tier(None, Decimal("0.000003"))


@pytest.mark.parametrize(
    ("model", "fields", "text"),
    [
        ("per_unit", {"unit_price": Decimal("0.000014")}, "USD 0.000014 per unit"),
        ("per_unit", {"unit_price": Decimal("50"), "allowance": Decimal("1.0")}, "USD 50 per unit, 1 free"),
        ("package", {"unit_price": Decimal(5), "block": Decimal(100)}, "USD 5 per started 100"),
        ("flat", {"amount": Decimal("5.00")}, "USD 5 flat"),
        ("graduated", {"tiers": (*TIERS, LAST)}, "USD graduated: 1 to 5, 2 + 0.5 to 10, 0.000003"),
        ("volume", {"tiers": (LAST,)}, "USD volume: 0.000003"),
        ("volume", {"tiers": TIERS * 9}, "USD volume: 1 to 5, 2 + 0.5 to 10, 1 to 5, 2 + 0.5 to 10,..."),
        ("per_unit", {"unit_price": Decimal("1E+15") - Decimal("1E-12")}, "USD 999999999999999.999999999999 per unit"),
    ],
    ids=range(8),
)
def test_a_price_is_described_in_60_characters(model: Any, fields: dict[str, Any], text: str) -> None:
    assert describe_price(Price(model, **fields), "USD") == text
    assert len(text) <= 60
