"""Today's code reads every golden item; those of format 1 as the domain objects that format 2 has for the same facts.

The same story made the items of both formats, and has the same ids in both.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tallybook.store.events import stored_content
from tallybook.store.requests import from_dynamodb
from tests.golden.items import SETS, TABLES, Row, read_items, read_rows
from tests.golden.readers import READERS, flat, reader_of
from tests.golden.shapes import kind_of

_SINCE_FORMAT_2: Mapping[str, Mapping[str, Any]] = {
    "ACCOUNT/ACCOUNT": {
        "email_unconfirmed": False,
        "recent.minute": 0,
        "recent.made": 0,
        "receivables.unpaid": None,
        "receivables.unreminded": {},
        "receivables.last_issued_at": None,
        "wallet.welcome": None,
        "counts.schedule_count": 0,
        "fee_year": None,
        "corrections": {},
    },
    "ACCOUNT/APIKEY": {"parent_id": None},
    "ACCOUNT/USER": {"email_unconfirmed": False},
    "EVENT/EVENT": {
        "0.time": None,
        "0.user_id": None,
        "0.session_id": None,
        "0.app_id": None,
        "0.acceptance.key_id": None,
        "0.acceptance.plan": None,
        "0.acceptance.catalog_version": None,
        "0.acceptance.price": None,
        "0.acceptance.entry_id": None,
        "0.acceptance.amount": None,
    },
    "OUTBOX/OUTBOX": {"0.counted": (), "2.subject_ref": None},
    "PLATFORM/KEY": {"expires_at": None, "last_used_at": None, "source_prefix": None},
    "USAGE/period 0": {
        "0.voided": 0,
        "0.forgiven": 0,
        "0.is_void": False,
        "0.former": None,
        "0.discount": None,
        "0.ahead": {},
        "0.carries": frozenset(),
        "0.rules": None,
    },
}
"""By kind: the fields that format 1 does not store, and what its items are read as."""

_OTHERWISE: Mapping[str, set[str]] = {
    "ACCOUNT/USER": {"suspension_reason"},  # of a deleted user, whom format 2 has without it
    "AUDIT/<instant>": {"5"},  # the entry of a platform key shows more
    "EVENT/EVENT": {"0.source", "0.id"},  # not stored in format 1: the caller names them
    "OUTBOX/OUTBOX": {"0.error"},  # the name of an exception
    "OUTBOX/OUTBOX password_changed": {"0.body", "2.context"},  # names the keys that ended, of nobody in format 1
}
"""By kind: the fields in which the releases store other facts."""


def golden(name: str) -> dict[tuple[str, str, str], Row]:
    return {(table, row["pk"]["S"], row["sk"]["S"]): row for table in TABLES for row in read_rows(name, table)}


@pytest.mark.parametrize("name", SETS)
def test_each_item_is_read(name: str) -> None:
    unread = []
    for key, row in golden(name).items():
        try:
            reader_of(row)(from_dynamodb(row))
        except Exception as error:
            unread.append((key, repr(error)))
    assert not unread


def test_each_reader_has_items() -> None:
    assert {kind_of(row).partition(" ")[0] for row in golden("2").values()} == {
        kind.partition(" ")[0] for kind in READERS
    }


def test_format_1_is_read_as_format_2_for_the_same_facts() -> None:
    first, second = golden("1"), golden("2")
    compared = first.keys() & second.keys()
    assert len(compared) == len(first)
    differences = {}
    for key in compared:
        old, new = (flat(reader_of(row)(from_dynamodb(row))) for row in (first[key], second[key]))
        kind = kind_of(first[key]) if key[0] == "usage" else kind_of(first[key]).partition(" ")[0]
        known = _SINCE_FORMAT_2.get(kind, {})
        ignored = _OTHERWISE.get(kind, set()) | _OTHERWISE.get(kind_of(first[key]), set())
        for name, value in old.items():
            expected = known[name] if name in known else new.get(name)
            if name not in ignored and value != expected:
                differences[key, name] = (value, expected)
    assert not differences


def test_each_field_since_format_2_is_in_the_story() -> None:
    """Its value differs from that of format 1 in some item, so the table above claims nothing that isn't tested."""
    second = golden("2")
    seen: dict[str, set[str]] = {}
    for row in second.values():
        kind = kind_of(row) if kind_of(row) in _SINCE_FORMAT_2 else kind_of(row).partition(" ")[0]
        values = flat(reader_of(row)(from_dynamodb(row)))
        for name, default in _SINCE_FORMAT_2.get(kind, {}).items():
            if values.get(name, "parts") != default:
                seen.setdefault(kind, set()).add(name)
    assert seen == {kind: set(names) for kind, names in _SINCE_FORMAT_2.items()}


def test_a_marker_of_format_1_has_its_acceptance_to_the_second_and_its_content() -> None:
    first, second = ({item["pk"]: item for item in read_items(name, "usage")} for name in ("1", "2"))
    for pk, item in first.items():
        if pk.startswith("EVENT#"):
            assert stored_content(item) == stored_content(second[pk])
            assert item["expires"] == int(second[pk]["a"]) // 1000 + timedelta(days=36).total_seconds()
