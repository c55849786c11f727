"""The shapes of stored items: for each kind of item, its attributes with their types, nested ones too.

A name that depends on the data, like a meter or an instant, counts as one name: `q:<meter>`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

type Row = Mapping[str, Any]
type Shapes = dict[str, dict[str, str]]
"""By kind of item: each attribute's types, with a `?` if some items of the kind lack it."""

_NAMES = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "<instant>"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "<day>"),
    (re.compile(r"q:\w+(:[\w-]+)?"), "q:<meter>"),
    (re.compile(r"h:\d\d"), "h:<hour>"),
    (re.compile(r"ahead:\w+"), "ahead:<limit>"),
    (re.compile(r"[\d.]+"), "<number>"),
)
_LIMITS = ("allocated", "quota", "told.<instant>")
_FREE = {"before", "after", "data"}
"""Read as they are: what an audit entry shows, and what an event says (`infra/events/` has its schemas)."""


def shapes_of(rows: Iterable[Row]) -> Shapes:
    """The shapes of items in DynamoDB's notation."""
    by_kind: dict[str, list[dict[str, set[str]]]] = {}
    for row in rows:
        by_kind.setdefault(kind_of(row), []).append(shape_of(row))
    return {kind: _united(shapes) for kind, shapes in sorted(by_kind.items())}


def kind_of(row: Row) -> str:
    """`ACCOUNT/INVOICE`: the first part of each key; for what has several forms, their name too."""
    pk, sk = (row[part]["S"].partition("#")[0] for part in ("pk", "sk"))
    kind = f"{pk}/{_name(sk)}"
    if kind == "OUTBOX/OUTBOX":
        return f"{kind} {row['body']['M'].get('letter', {'S': 'events'})['S']}"
    return f"{kind} 0" if row["sk"]["S"] == "period#0" else kind


def shape_of(row: Row) -> dict[str, set[str]]:
    """Each attribute of one item with its types."""
    shape: dict[str, set[str]] = {}
    for name, value in row.items():
        for path, type_name in _types(_name(name), value):
            shape.setdefault(path, set()).add(type_name)
    return shape


def without_repeats(rows: Iterable[Row]) -> Iterator[Row]:
    """The items without those delivered mails and events, and those attempts, that have the shape of an earlier one.

    A budget's messages name the mails that they were sent in, so those stay.
    """
    seen: set[str] = set()
    for row in rows:
        kind = kind_of(row)
        is_delivered = kind.startswith("OUTBOX/") and "delivered_at" in row and "messages" not in row["body"]["M"]
        if is_delivered or kind.startswith("ATTEMPTS/"):
            shape = repr((kind, sorted((path, sorted(types)) for path, types in shape_of(row).items())))
            if shape in seen:
                continue
            seen.add(shape)
        yield row


def _types(path: str, typed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    ((type_name, value),) = typed.items()
    yield path, type_name
    name = path.rpartition(".")[2]
    if type_name == "M" and name not in _FREE:
        for key, part in value.items():
            yield from _types(f"{path}.{'<limit>' if path.endswith(_LIMITS) else _name(key)}", part)
    if type_name == "L":
        for part in value:
            yield from _types(f"{path}[]", part)


def _name(name: str) -> str:
    return next((general for pattern, general in _NAMES if pattern.fullmatch(name)), name)


def _united(shapes: list[dict[str, set[str]]]) -> dict[str, str]:
    united: dict[str, set[str]] = {}
    for shape in shapes:
        for path, types in shape.items():
            united.setdefault(path, set()).update(types)
    return {
        path: "|".join(sorted(types)) + ("" if all(path in shape for shape in shapes) else "?")
        for path, types in sorted(united.items())
    }
