"""Values of a JSON body that a reader must not guess: whole numbers, and keys that stand twice in one object.

Standard library only, because `usage_queue` reads events too and must start fast.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

_MOST_DIGITS = 40
_LONGEST_KEY = 64


def number(text: str) -> int | Decimal:
    """A number that is written with a point or an exponent: an int if it is whole, like 5.0 and 1e3; else exact.

    Many languages write every number as a float. A whole number of more than 40 digits stays a Decimal.
    """
    value = Decimal(text)
    if not value:
        return 0
    is_whole = value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()
    return int(value) if is_whole else value


def find_repeated(pairs: Sequence[tuple[str, Any]]) -> str | None:
    """The first key that stands twice among the fields of an object."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return key
        seen.add(key)
    return None


def describe_repeated(key: str) -> str:
    """What is wrong, with the first 64 characters of the key; what can't be encoded is replaced."""
    shown = key[:_LONGEST_KEY].encode(errors="replace").decode()
    return f'the key "{shown}{"..." if len(key) > _LONGEST_KEY else ""}" stands twice in one object'
