"""A changed stored shape needs new golden items; a kind without an item in them needs a scene in the story."""

import inspect
from typing import Any

import pytest

from tallybook.domain.formats import THIS
from tallybook.store import keys
from tallybook.store.keys import Key
from tests.golden.items import NEWEST, SETS, TABLES, Row, read_rows, rows_of
from tests.golden.present import act_story
from tests.golden.shapes import Shapes, shapes_of
from tests.support.app import App
from tests.support.invariants import check_invariants

WHAT_TO_DO = f"""
The code stores other shapes than the golden items of set {NEWEST}. Give each new attribute a default in its reader. If
the set is released, add a set to SETS, of a new format if older code can't read the new shape; released items never
change. Then run `python -m tests.golden`, which makes the newest set, and read the diff."""

NOT_OF_THE_STORY = {"format_item"}
"""Written by a deployment."""


@pytest.fixture(scope="module")
def stored(_moto: Any, _fresh_tables: Any) -> list[Row]:
    """What the present code stores when it acts the story."""
    from tests.support.cloud import make_context
    from tests.support.snapshot import restore_snapshot

    restore_snapshot(_fresh_tables)
    app = App(make_context(_moto), _moto)
    act_story(app)
    check_invariants(app)
    return [row for table in TABLES for row in rows_of(app.stored(table))]


def test_the_stored_shapes_are_those_of_the_golden_items(stored: list[Row]) -> None:
    differences = differences_of(shapes_of(golden(NEWEST)), shapes_of(stored))
    assert not differences, "\n".join([*differences, WHAT_TO_DO])


def test_the_newest_set_has_the_format_that_the_code_writes() -> None:
    assert int(NEWEST.rstrip("abcdefgh")) == THIS.writes
    assert {int(name.rstrip("abcdefgh")) for name in SETS} == set(THIS.reads)


@pytest.mark.parametrize("name", SETS)
def test_each_key_has_a_golden_item(name: str) -> None:
    made = {key for key, make in inspect.getmembers(keys, inspect.isfunction) if returns_key(make)}
    since_format_2 = {"archive", "idempotency", "platform_keys"} if name == "1" else set()
    found = {key for key in made if any(pattern_of(key) == pattern(row) for row in golden(name))}
    assert made - found - NOT_OF_THE_STORY == since_format_2


def differences_of(before: Shapes, now: Shapes) -> list[str]:
    """A line for each attribute that is new, gone or of another type."""
    lines = []
    for kind in sorted(before.keys() | now.keys()):
        one, other = before.get(kind, {}), now.get(kind, {})
        for name in sorted(one.keys() | other.keys()):
            if one.get(name) != other.get(name):
                lines.append(f"{kind}: {name} was {one.get(name, 'absent')}, is {other.get(name, 'absent')}")
    return lines


def test_a_new_attribute_and_a_new_type_are_named() -> None:
    before = [{"pk": {"S": "A#1"}, "sk": {"S": "A"}, "terms": {"M": {"since": {"N": "1"}}}}]
    now = [{"pk": {"S": "A#1"}, "sk": {"S": "A"}, "terms": {"M": {"since": {"S": "1"}}}, "h:05": {"N": "1"}}]
    assert differences_of(shapes_of(before), shapes_of(now)) == [
        "A/A: h:<hour> was absent, is N",
        "A/A: terms.since was N, is S",
    ]


def test_an_attribute_that_some_items_lack_is_named() -> None:
    item: Row = {"pk": {"S": "A#1"}, "sk": {"S": "A"}}
    before, now = [item | {"x": {"N": "1"}}], [item | {"x": {"N": "1"}}, item]
    assert differences_of(shapes_of(before), shapes_of(now)) == ["A/A: x was N, is N?"]


def golden(name: str) -> list[Row]:
    return [row for table in TABLES for row in read_rows(name, table)]


def returns_key(make: Any) -> bool:
    return inspect.signature(make).return_annotation is Key


def pattern_of(name: str) -> tuple[str, str]:
    """The first parts of the key that the function makes."""
    from datetime import UTC, datetime

    make = getattr(keys, name)
    instant = datetime(2026, 4, 1, tzinfo=UTC)
    samples: dict[str, Any] = {
        "position": 7,
        "number": 7,
        "version": 3,
        "shard": 0,
        "name": "period",
        "day": "2026-04-20",
        "table": "core",
    }
    annotations = inspect.signature(make).parameters
    key = make(*(samples.get(part, instant if of.annotation is datetime else "x") for part, of in annotations.items()))
    return first_parts(key.pk, key.sk)


def pattern(row: Row) -> tuple[str, str]:
    return first_parts(row["pk"]["S"], row["sk"]["S"])


def first_parts(pk: str, sk: str) -> tuple[str, str]:
    return pk.partition("#")[0], "" if sk[:2] == "20" else sk.partition("#")[0]
