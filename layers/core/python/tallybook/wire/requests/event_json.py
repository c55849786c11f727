"""JSON of usage events, in which a value that can't be is the fault of its element alone.

Standard library only, because `usage_queue` reads events too and must start fast.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tallybook.domain.errors import Invalid
from tallybook.wire.requests.json_values import MOST_DIGITS, find_repeated

_MAGNITUDES = range(-130, 126)  # DynamoDB stores no other number
_BLANK = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]+|[\]}]+', re.DOTALL)


class _Unreadable:
    """The type of UNREADABLE, which is of no type that a field accepts."""


UNREADABLE: Final = _Unreadable()
"""Stands for NaN, Infinity, a number that is too large or too small, and an element that is nested too deeply."""


class RepeatedKey(dict[str, Any]):
    """An element that is an object in which, at any depth, the `key` stands twice; of its values the last counts."""

    def __init__(self, fields: Mapping[str, Any], key: str) -> None:
        super().__init__(fields)
        self.key = key


def read_event_json(body: bytes | str, *, most: int | None = None) -> Any:
    """JSON in UTF-8, with fractions as exact Decimals; Invalid if the text as a whole is not JSON.

    With `most`, an array is read up to the first element after the `most` allowed, so that its caller can refuse it by
    its count.
    A value that can't be is UNREADABLE, and an element with a key that stands twice in one object is a RepeatedKey. A
    string with half of a surrogate pair, or with bytes that are not UTF-8, has surrogates in it, so that it can't be
    encoded.
    """
    text = body if isinstance(body, str) else body.decode("utf-8-sig", errors="surrogateescape")
    read = _Reader(text)
    try:
        start = _skip_blanks(text, 0)
        return read.array(start + 1, most=most) if text.startswith("[", start) else read.all()
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


class _Reader:
    """Reads one text, and notes the keys that stand twice in an object of the current element."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._repeated: list[str] = []
        self._decoder = json.JSONDecoder(
            parse_int=_int,
            parse_float=_decimal,
            parse_constant=lambda _: UNREADABLE,
            object_pairs_hook=_object(self._repeated),
        )

    def all(self) -> Any:
        return self._marked(self._decoder.decode(self._text))

    def array(self, index: int, *, most: int | None) -> list[Any]:
        """The elements of the array whose bracket is before `index`; the text ends with it, unless it has too many."""
        text = self._text
        elements: list[Any] = []
        index = _skip_blanks(text, index)
        separator = "]" if text.startswith("]", index) else ","
        while separator == ",":
            element, index = self._element(index)
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

    def _element(self, index: int) -> tuple[Any, int]:
        """The value that begins at `index`, and the index after it."""
        try:
            element, end = self._decoder.raw_decode(self._text, index)
        except RecursionError:
            self._repeated.clear()
            return UNREADABLE, _end_of_nested(self._text, index)
        return self._marked(element), end

    def _marked(self, element: Any) -> Any:
        if self._repeated and isinstance(element, dict):
            element = RepeatedKey(element, self._repeated[0])
        self._repeated.clear()
        return element


def _object(repeated: list[str]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    """Makes an object of its pairs, and notes the first key that stands twice."""

    def make(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs) and (key := find_repeated(pairs)) is not None:
            repeated.append(key)
        return fields

    return make


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
    return int(text) if len(text) <= MOST_DIGITS else UNREADABLE


def _decimal(text: str) -> Any:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return UNREADABLE
    return number if not number or number.adjusted() in _MAGNITUDES else UNREADABLE
