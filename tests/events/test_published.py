"""What was published stays: `published.txt` lists what each version of each event promises to those who listen.

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


def promises(schemas: Mapping[str, Any]) -> Iterator[str]:
    for file, schema in schemas.items():
        for place, field, required in [("detail", schema, True), *fields(schema)]:
            rules = {word: rule for word, rule in field.items() if word not in _WORDS}
            told = json.dumps(rules, sort_keys=True, ensure_ascii=False)
            yield f"{file.removesuffix('.json')} {place} {'required' if required else 'optional'} {told}"


def objection(schemas: Mapping[str, Any]) -> str | None:
    """What is to be done about schemas that are not as published."""
    published, now = LIST.read_text().splitlines(), list(promises(schemas))
    if gone := [line for line in published if line not in now]:
        version = int(gone[0].split()[0].rpartition(".v")[2])
        return BROKEN.format(gone="\n".join(gone), version=version, next=version + 1)
    if new := [line for line in now if line not in published]:
        return NEW.format(new="\n".join(new), list=LIST.name)
    return None


def changed(file: str, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """All schemas, with a change in one of them."""
    schemas = copy.deepcopy(SCHEMAS)
    change(schemas[file])
    return schemas


def data(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"]["data"]
    return found


def test_every_schema_promises_what_it_did_when_it_was_published() -> None:
    if told := objection(SCHEMAS):
        pytest.fail(told, pytrace=False)


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
def test_a_published_promise_that_is_broken_asks_for_a_new_version(change: Callable[[dict[str, Any]], object]) -> None:
    told = objection(changed("UserInvited.v1.json", change))
    assert told is not None
    assert "make version 2 instead" in told
    assert "UserInvited.v1 " in told


def test_a_schema_that_is_gone_is_a_broken_promise() -> None:
    told = objection({file: schema for file, schema in SCHEMAS.items() if file != "UserInvited.v1.json"})
    assert told is not None
    assert "UserInvited.v1 data.email required" in told


def test_a_field_that_is_added_is_to_be_put_on_the_list() -> None:
    added = {"description": "Where from.", "type": "string"}
    told = objection(changed("UserInvited.v1.json", lambda schema: data(schema)["properties"].update(origin=added)))
    assert told is not None
    assert 'UserInvited.v1 data.origin optional {"type": "string"}' in told
    assert "add these lines to\npublished.txt" in told


def test_other_words_for_the_same_promise_are_free() -> None:
    said = changed("UserInvited.v1.json", lambda schema: schema.update(description="Else.", examples=[]))
    assert objection(said) is None
