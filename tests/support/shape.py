"""Answers compared with a document's example: field by field, type by type, format by format.

A field's place is written as in `data.plans[].plan_name`. An answer must have every field of the example and no other,
with the same JSON type, and strings in the same format (an instant in whole seconds or in milliseconds, a bare date,
an id with its prefix). Each item of a list is compared with the example's first item; an empty object in an example
allows any object. An `Example` defines where an answer may differ.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

_FORMATS = {
    "an instant in whole seconds": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "an instant in milliseconds": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "a date": re.compile(r"\d{4}-\d\d-\d\d"),
    "an email address": re.compile(r"[^@\s]+@[^@\s]+"),
}
_ALLOWANCES = ("optional", "nullable", "numbers", "texts", "empty")
_PREFIX = re.compile(r"(acc-|ad-|chg-|cs_|inv-|key-|led-|ntf-|pi_|pk-|qal-|qrq-|sess_|sk-|sub-|us-|usr-).+")


@dataclass(frozen=True, slots=True)
class Example:
    """A document's example, and how an answer may differ from it.

    `added` are fields that the document's example doesn't show, each with an example value. Fields in `optional` may be
    absent, those in `nullable` null; those in `numbers` may have decimals though the example has none, those in
    `texts` any format; lists in `empty` may be empty.
    """

    source: str
    body: Any
    added: Mapping[str, Any] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()

    @classmethod
    def read(cls, file: Path) -> Self:
        data = json.loads(file.read_text())
        allowed = {name: frozenset(data.pop(name, ())) for name in _ALLOWANCES}
        return cls(source=data.pop("source"), body=data.pop("example"), **allowed, **data)

    def differences(self, answer: Any) -> list[str]:
        """Each difference of the answer from the example, one line each."""
        return list(self._compare(answer, self.body, ""))

    def _compare(self, answer: Any, example: Any, place: str) -> Iterator[str]:
        if answer is None and (example is None or place in self.nullable):
            return
        if not self._same_type(answer, example, place):
            yield f"{place or 'the answer'} is {_type(answer)}, not {_type(example)}"
        elif isinstance(example, dict):
            yield from self._compare_objects(answer, example, place)
        elif isinstance(example, list):
            yield from self._compare_lists(answer, example, place)
        elif isinstance(example, str) and place not in self.texts and (expected := _format(example)) != _format(answer):
            yield f"{place} is {answer!r}, not {expected or 'plain text'} like {example!r}"

    def _compare_objects(self, answer: dict[str, Any], example: dict[str, Any], place: str) -> Iterator[str]:
        if not example:
            return
        inside = f"{place}." if place else ""
        expected = {inside + name: value for name, value in example.items()}
        expected |= {name: value for name, value in self.added.items() if name.rpartition(".")[0] == place}
        present = {inside + name: value for name, value in answer.items()}
        for name in expected:
            if name in present:
                yield from self._compare(present[name], expected[name], name)
            elif name not in self.optional:
                yield f"{name} is missing"
        yield from (f"{name} is extra" for name in present if name not in expected)

    def _compare_lists(self, answer: list[Any], example: list[Any], place: str) -> Iterator[str]:
        if example and not answer and place not in self.empty:
            yield f"{place} is empty: there is nothing to compare"
        for item in answer if example else ():
            yield from self._compare(item, example[0], f"{place}[]")

    def _same_type(self, answer: Any, example: Any, place: str) -> bool:
        types = {_type(answer), _type(example)}
        return len(types) == 1 or (types == {"an integer", "a number"} and self._is_number(example, place))

    def _is_number(self, example: Any, place: str) -> bool:
        return isinstance(example, float) or place in self.numbers


def _type(value: Any) -> str:
    kinds = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        dict: "an object",
        list: "an array",
    }
    return kinds.get(type(value), "null")


def _format(text: str) -> str | None:
    for name, pattern in _FORMATS.items():
        if pattern.fullmatch(text):
            return name
    prefixed = _PREFIX.fullmatch(text)
    return f"an id that starts with {prefixed[1]}" if prefixed else None
