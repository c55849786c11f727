"""Golden items: for each format, all items after the story, in DynamoDB's notation, one item a line of JSON."""

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tallybook.store.commands import Item
from tallybook.store.requests import from_dynamodb, to_dynamodb
from tests.golden.shapes import Row, without_repeats

SETS = ("1", "2")
"""The sets of golden items, oldest first, each named after its format: a second set of format 2 would be `2b`."""

NEWEST = SETS[-1]
"""The set that the present code makes."""
TABLES = ("core", "usage")
_FOLDER = Path(__file__).parent


def rows_of(items: Iterable[Item]) -> list[Row]:
    """The items in DynamoDB's notation, sorted by key, without repeats."""
    rows = (_sorted(to_dynamodb(item)) for item in items)
    return list(without_repeats(sorted(rows, key=lambda row: (row["pk"]["S"], row["sk"]["S"]))))


def write_rows(name: str, table: str, rows: Iterable[Row]) -> None:
    lines = (json.dumps(row, ensure_ascii=False, default=_encode) for row in rows)
    path(name, f"{table}.ndjson").write_text("".join(f"{line}\n" for line in lines))


def read_rows(name: str, table: str) -> list[Row]:
    """A table's items as DynamoDB's client takes them."""
    return [_decoded(json.loads(line)) for line in path(name, f"{table}.ndjson").read_text().splitlines()]


def read_items(name: str, table: str) -> list[Item]:
    return [from_dynamodb(row) for row in read_rows(name, table)]


def read_credentials(name: str) -> dict[str, str]:
    """The story's test credentials, by who has them."""
    credentials: dict[str, str] = json.loads(path(name, "credentials.json").read_text())
    return credentials


def path(name: str, file: str) -> Path:
    return _FOLDER / f"format_{name}" / file


def _sorted(value: Any) -> Any:
    """The same for equal items: names and members of sets are sorted."""
    if isinstance(value, Mapping):
        return {
            name: sorted(part) if name in ("SS", "NS") and isinstance(part, list) else _sorted(part)
            for name, part in sorted(value.items())
        }
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def _encode(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"B"} and isinstance(value["B"], str):
            return {"B": base64.b64decode(value["B"])}
        return {name: _decoded(part) for name, part in value.items()}
    return [_decoded(part) for part in value] if isinstance(value, list) else value
