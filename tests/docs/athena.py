"""The Athena tables and queries of the archive's page, and lines as DynamoDB's exports have them."""

import re
from pathlib import Path
from typing import Any

from tests.support.app import App

PAGE = Path(__file__).parents[2] / "docs/archive.md"

type Type = str | dict[str, Any] | list[Any]


def statements() -> list[str]:
    return re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def tables() -> dict[str, dict[str, Type]]:
    """The columns of each table: text for a simple type, a dict for a struct, a list of one type for an array."""
    created = (
        re.fullmatch(r"CREATE EXTERNAL TABLE (\w+) \((.*?)\n\) PARTITIONED.*", text, re.DOTALL) for text in statements()
    )
    return {found[1]: dict(_fields(re.sub(r"[\s`]+", " ", found[2]), " ")) for found in created if found}


def queries() -> list[str]:
    return [text for text in statements() if not text.startswith("CREATE")]


def images(app: App, table: str) -> list[dict[str, Any]]:
    """The stored items in DynamoDB's JSON, which are the new images of an export."""
    items: list[dict[str, Any]] = app.client.scan(TableName=app.names[table])["Items"]
    return items


def _fields(text: str, separator: str) -> list[tuple[str, Type]]:
    parts = (part.strip().partition(separator) for part in _split(text))
    return [(name.strip(), _type(value.strip())) for name, _, value in parts]


def _type(text: str) -> Type:
    if text.startswith("struct<"):
        return dict(_fields(text[7:-1], ":"))
    return [_type(text[6:-1])] if text.startswith("array<") else text


def _split(text: str) -> list[str]:
    """The parts between the commas outside all brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += {"<": 1, ">": -1}.get(char, 0)
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return parts
