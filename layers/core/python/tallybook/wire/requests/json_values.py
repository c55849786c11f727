"""JSON of a body, in which nothing is guessed: whole numbers are ints, and no key stands twice in one object.

Standard library only, because `usage_queue` reads events too and must start fast.
"""

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from tallybook.domain.errors import Invalid

MOST_DIGITS = 40
"""Of an integer: more would cost much to read, and no field has them."""

_LONGEST_KEY = 64


def read_json(body: bytes | str) -> Any:
    """JSON in UTF-8: whole numbers as ints, even 5.0, fractions as exact Decimals; Invalid for anything else.

    Also Invalid, with the key, if a key stands twice in one object.
    """
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")  # json.loads would also guess UTF-16
        data = _DECODER.decode(text)
        if "\\ud" in text.lower() or isinstance(body, str):
            json.dumps(data, ensure_ascii=False, default=str).encode()  # half of a surrogate pair can't be encoded
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise Invalid("The body is not valid JSON") from error
    return data


def number(text: str) -> int | Decimal:
    """A number that is written with a point or an exponent: an int if it is whole, like 5.0 and 1e3; else exact.

    Many languages write every number as a float. A whole number of more than 40 digits stays a Decimal.
    """
    value = Decimal(text)
    if not value:
        return 0
    is_whole = value.adjusted() < MOST_DIGITS and value == value.to_integral_value()
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


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Invalid(f"In the body, {describe_repeated(find_repeated(pairs) or '')}")
    return fields


_DECODER = json.JSONDecoder(parse_float=number, parse_constant=_no_constant, object_pairs_hook=_object)
