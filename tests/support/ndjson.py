"""Test data as the bytes a client sends; Decimals keep their digits."""

import json
from decimal import Decimal
from typing import Any


def as_json(value: Any) -> bytes:
    return json.dumps(value, default=_decimal).encode()


def _decimal(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value))
