"""Percentages as clients send them: an account's tax rate and discount. Source: docs/decisions.md, "ScaleBox"."""

import re
from decimal import Decimal

from tallybook.domain.money import places

_TEXT = r"[0-9]{1,3}(\.[0-9]{1,4})?"
_MAX_PLACES = 4


def parse_percent(value: object) -> Decimal:
    """0 to 100 with at most 4 decimals, from a number or decimal text; ValueError, with the rule, for anything else."""
    percent = _decimal(value)
    if percent is None or not 0 <= percent <= 100 or places(percent) > _MAX_PLACES:
        raise ValueError(f"must be a percentage from 0 to 100 with at most {_MAX_PLACES} decimals")
    percent = abs(percent)  # turns -0.0 into 0
    return percent.quantize(Decimal(1)) if percent == percent.to_integral_value() else percent.normalize()


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if re.fullmatch(_TEXT, value) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None
