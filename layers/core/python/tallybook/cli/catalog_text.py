"""Writes a catalog as the TOML file that `tallybook catalog apply` reads."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any


def as_toml(data: Mapping[str, Any]) -> str:
    """The catalog's values first, then a table for each plan, meter and package."""
    return "\n".join(_table((), data)).lstrip("\n")


def _table(path: tuple[str, ...], values: Mapping[str, Any]) -> Iterator[str]:
    tables = {name: value for name, value in values.items() if isinstance(value, Mapping)}
    plain = {name: value for name, value in values.items() if name not in tables}
    if path and (plain or not tables):
        yield ""
        yield f"[{'.'.join(map(_key, path))}]"
    for name, value in plain.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{_key(name)} = ["
            yield from (f"    {_value(each)}," for each in value)
            yield "]"
        else:
            yield f"{_key(name)} = {_value(value)}"
    for name, table in tables.items():
        yield from _table((*path, name), table)


def _value(value: Any) -> str:
    match value:
        case Mapping():
            return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            return json.dumps(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)
