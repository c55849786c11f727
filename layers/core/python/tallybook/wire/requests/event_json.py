"""JSON of usage events, in which a value that can't be is the fault of its element alone.

Standard library only, because `usage_queue` reads events too and must start fast.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tallybook.domain.errors import Invalid

_MOST_DIGITS = 40
_MAGNITUDES = range(-130, 126)  # DynamoDB stores no other number
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)


class _Unreadable:
    """The type of UNREADABLE, which is of no type that a field accepts."""


UNREADABLE: Final = _Unreadable()
"""Stands for NaN, Infinity, a number that is too large or too small, and an element that is nested too deeply."""


def read_event_json(body: bytes | str) -> Any:
    """JSON in UTF-8, with fractions as exact Decimals; Invalid if the text as a whole is not JSON.

    A value that can't be is UNREADABLE. A string with half of a surrogate pair, or with bytes that are not UTF-8, has
    surrogates in it, so that it can't be encoded.
    """
    text = body if isinstance(body, str) else body.decode("utf-8-sig", errors="surrogateescape")
    try:
        try:
            return _parse(text)
        except RecursionError:
            return [_parse_or_mark(part) for part in _split_array(text)]
    except ValueError as error:
        raise Invalid("The body is not valid JSON") from error


def is_readable(value: Any) -> bool:
    """Whether it is not UNREADABLE, and no string with surrogates."""
    if not isinstance(value, str):
        return value is not UNREADABLE
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def find_unreadable(value: Any) -> str | None:
    """The path of the first value or name that is not readable, like `data.quantity`; None if all are."""
    waiting = [("", value)]
    while waiting:
        path, value = waiting.pop()
        if not is_readable(value):
            return path or "the event"
        waiting += reversed(list(_parts(path, value)))
    return None


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            inner = f"{path}.{name}" if path else name
            yield (inner, part) if is_readable(name) else (path, name)
    elif isinstance(value, list):
        yield from ((f"{path}[{index}]", part) for index, part in enumerate(value))


def _parse(text: str) -> Any:
    return json.loads(text, parse_int=_int, parse_float=_decimal, parse_constant=lambda _: UNREADABLE)


def _parse_or_mark(text: str) -> Any:
    try:
        return _parse(text)
    except RecursionError:
        return UNREADABLE


def _int(text: str) -> Any:
    return int(text) if len(text) <= _MOST_DIGITS else UNREADABLE


def _decimal(text: str) -> Any:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return UNREADABLE
    return number if not number or number.adjusted() in _MAGNITUDES else UNREADABLE


def _split_array(text: str) -> list[str]:
    """The text of each element of an array; ValueError if it is not one."""
    if not text.lstrip().startswith("["):
        raise ValueError("not an array")
    parts: list[str] = []
    depth = start = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth == 0 or (depth == 1 and token[0] == ","):
            parts.append(text[start : token.start()])
        if depth == 0:
            if text[token.end() :].strip():
                break
            return parts
        if depth == 1 and token[0] in "[{,":
            start = token.end()
    raise ValueError("not one array")
