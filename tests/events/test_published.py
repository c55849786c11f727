"""Published schemas don't change: `published.txt` lists the fields of each version of each event.

A line is a field: its schema's file, its place, whether it is required, and what it may be.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.events.schemas import SCHEMAS, fields

LIST = Path(__file__).with_name("published.txt")
_WORDS = {"$schema", "title", "description", "examples", "properties", "required"}
BROKEN = """
A published schema no longer says what was promised:

{gone}

Whoever listens relies on it. Leave version {version} as it was, and make version {next} instead: a schema of its own
beside the old one, and a builder that announces both for as long as there are listeners of the old one.
"""
NEW = """
A schema promises what it did not before:

{new}

A field may be added within a version, and so may an event. If that is all that was done, add these lines to
{list}, where they stay; from then on a change of them is a new version.
"""


def list_fields(schemas: Mapping[str, Any]) -> Iterator[str]:
    for file, schema in schemas.items():
        for place, field, required in [("detail", schema, True), *fields(schema)]:
            rules = {word: rule for word, rule in field.items() if word not in _WORDS}
            rules_json = json.dumps(rules, sort_keys=True, ensure_ascii=False)
            yield f"{file.removesuffix('.json')} {place} {'required' if required else 'optional'} {rules_json}"


def required_action(schemas: Mapping[str, Any]) -> str | None:
    """What the developer must do if the schemas differ from the published ones; None if they don't."""
    published, now = LIST.read_text().splitlines(), list(list_fields(schemas))
    if gone := [line for line in published if line not in now]:
        version = int(gone[0].split()[0].rpartition(".v")[2])
        return BROKEN.format(gone="\n".join(gone), version=version, next=version + 1)
    if new := [line for line in now if line not in published]:
        return NEW.format(new="\n".join(new), list=LIST.name)
    return None


def change_schema(file: str, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """All schemas, one of them changed."""
    schemas = copy.deepcopy(SCHEMAS)
    change(schemas[file])
    return schemas


def data(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"]["data"]
    return found


def test_no_published_schema_has_changed() -> None:
    if message := required_action(SCHEMAS):
        pytest.fail(message, pytrace=False)


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: data(schema)["properties"].pop("email"),
        lambda schema: data(schema)["required"].remove("email"),
        lambda schema: data(schema)["properties"]["email"].update(type="object"),
        lambda schema: data(schema)["properties"]["email"].update(type=["string", "null"]),
        lambda schema: data(schema)["properties"]["role"]["enum"].append("owner"),
        lambda schema: data(schema)["properties"]["user_id"].update(pattern="^us-"),
        lambda schema: data(schema).update(additionalProperties=False),
        lambda schema: schema["required"].remove("id"),
        lambda schema: schema.update(minProperties=9),
    ],
)
def test_a_changed_published_field_asks_for_a_new_version(change: Callable[[dict[str, Any]], object]) -> None:
    message = required_action(change_schema("UserInvited.v1.json", change))
    assert message is not None
    assert "make version 2 instead" in message
    assert "UserInvited.v1 " in message


def test_a_removed_schema_is_reported() -> None:
    message = required_action({file: schema for file, schema in SCHEMAS.items() if file != "UserInvited.v1.json"})
    assert message is not None
    assert "UserInvited.v1 data.email required" in message


def test_an_added_field_asks_to_be_put_on_the_list() -> None:
    added = {"description": "Where from.", "type": "string"}
    message = required_action(
        change_schema("UserInvited.v1.json", lambda schema: data(schema)["properties"].update(origin=added))
    )
    assert message is not None
    assert 'UserInvited.v1 data.origin optional {"type": "string"}' in message
    assert "add these lines to\npublished.txt" in message


def test_descriptions_and_examples_may_change() -> None:
    schemas = change_schema("UserInvited.v1.json", lambda schema: schema.update(description="Else.", examples=[]))
    assert required_action(schemas) is None
