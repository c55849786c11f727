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
_BLANK = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]+|[\]}]+', re.DOTALL)


class _Unreadable:
    """The type of UNREADABLE, which is of no type that a field accepts."""


UNREADABLE: Final = _Unreadable()
"""Stands for NaN, Infinity, a number that is too large or too small, and an element that is nested too deeply."""


def read_event_json(body: bytes | str, *, most: int | None = None) -> Any:
    """JSON in UTF-8, with fractions as exact Decimals; Invalid if the text as a whole is not JSON.

    With `most`, an array is read up to the first element after the `most` allowed, so that its caller can refuse it by
    its count.
    A value that can't be is UNREADABLE. A string with half of a surrogate pair, or with bytes that are not UTF-8, has
    surrogates in it, so that it can't be encoded.
    """
    text = body if isinstance(body, str) else body.decode("utf-8-sig", errors="surrogateescape")
    try:
        start = _skip_blanks(text, 0)
        return _read_array(text, start + 1, most=most) if text.startswith("[", start) else _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
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


def _read_array(text: str, index: int, *, most: int | None) -> list[Any]:
    """The elements of the array whose bracket is before `index`; the text ends with it, unless it has too many."""
    elements: list[Any] = []
    index = _skip_blanks(text, index)
    separator = "]" if text.startswith("]", index) else ","
    while separator == ",":
        element, index = _read_element(text, index)
        elements.append(element)
        if most is not None and len(elements) > most:
            return elements
        index = _skip_blanks(text, index)
        separator = text[index : index + 1]
        if separator == ",":
            index = _skip_blanks(text, index + 1)
    if separator != "]" or _skip_blanks(text, index + 1) != len(text):
        raise ValueError("not one array")
    return elements


def _read_element(text: str, index: int) -> tuple[Any, int]:
    """The value that begins at `index`, and the index after it."""
    try:
        return _DECODER.raw_decode(text, index)
    except RecursionError:
        return UNREADABLE, _end_of_nested(text, index)


def _end_of_nested(text: str, index: int) -> int:
    """The index after the list or object that begins at `index`; ValueError if it has no end."""
    depth = 0
    for token in _TOKEN.finditer(text, index):
        run = token[0]
        if run[0] in "[{":
            depth += len(run)
        elif run[0] in "]}":
            if len(run) >= depth:
                return token.start() + depth
            depth -= len(run)
    raise ValueError("a list or object has no end")


def _skip_blanks(text: str, index: int) -> int:
    found = _BLANK.match(text, index)
    return found.end() if found else index


def _int(text: str) -> Any:
    return int(text) if len(text) <= _MOST_DIGITS else UNREADABLE


def _decimal(text: str) -> Any:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return UNREADABLE
    return number if not number or number.adjusted() in _MAGNITUDES else UNREADABLE


_DECODER = json.JSONDecoder(parse_int=_int, parse_float=_decimal, parse_constant=lambda _: UNREADABLE)
