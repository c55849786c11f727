"""Percentages as they are sent: an account's tax rate and discount. Source: decisions."""

import re
from decimal import Decimal

from tallybook.domain.money import places

_TEXT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")
_MAX_PLACES = 4


def read_percent(value: object) -> Decimal:
    """A percentage from 0 to 100 with at most 4 decimals, sent as a number or as decimal text; else ValueError."""
    percent = _decimal(value)
    if percent is None or not 0 <= percent <= 100 or places(percent) > _MAX_PLACES:
        raise ValueError(f"must be a percentage from 0 to 100 with at most {_MAX_PLACES} decimals")
    plain = abs(percent)  # -0.0 is 0
    return plain.quantize(Decimal(1)) if plain == plain.to_integral_value() else plain.normalize()


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _TEXT.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None
