"""The schemas in `infra/events/` by event and version, and the validation of events by them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tallybook.domain.times import parse_instant

FOLDER = Path(__file__).parents[2] / "infra/events"
README = FOLDER / "README.md"

_formats = FormatChecker(["email"])
_formats.checks("date-time", raises=ValueError)(lambda text: not isinstance(text, str) or bool(parse_instant(text)))


def file_name(event: str, version: int) -> str:
    return f"{event}.v{version}.json"


SCHEMAS: dict[str, dict[str, Any]] = {file.name: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}


def example(schema: dict[str, Any]) -> dict[str, Any]:
    """A copy of the schema's example."""
    (found,) = schema["examples"]
    return json.loads(json.dumps(found))


def faults(schema: dict[str, Any], detail: Any) -> list[str]:
    """The violations of the schema in the detail of an event, one line each."""
    found = Draft202012Validator(schema, format_checker=_formats).iter_errors(detail)
    return [f"{error.json_path}: {error.message}" for error in found]


def sent_faults(entry: dict[str, Any]) -> list[str]:
    """The violations in an entry of PutEvents, by the schema of its detail-type and version."""
    detail = json.loads(entry["Detail"])
    return faults(SCHEMAS[file_name(entry["DetailType"], detail["version"])], detail)


def fields(schema: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each field as (place like `data.account_id`, its schema, whether it is required)."""
    for name, field in schema.get("properties", {}).items():
        yield place + name, field, name in schema.get("required", ())
        yield from fields(field, f"{place}{name}.")
