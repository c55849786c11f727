"""An email change reads back unchanged, and is changed only if it is still as it was read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tallybook.domain.email_change import EmailChange, EmailToken
from tallybook.store import keys
from tallybook.store.conflicts import WriteConflict
from tallybook.store.email_changes import put_change, put_token, read_change, read_token, set_change
from tallybook.store.table import Tables

NOW = datetime(2026, 4, 20, 12, 34, 56, 789_000, tzinfo=UTC)
CHANGE = EmailChange("c", "a", "owner@example.com", "billing@example.com", NOW)


def read_stored_change(tables: Tables) -> EmailChange:
    item = tables.get(keys.email_change("a"))
    assert item is not None
    return read_change(item)


def test_a_change_and_its_tokens_read_back(tables: Tables) -> None:
    tables.write(put_change(CHANGE, last=None))
    assert read_stored_change(tables) == CHANGE
    tables.transact(put_token(CHANGE, "current", "h1"))
    tables.transact(put_token(CHANGE, "new", "h2"))
    whole = replace(CHANGE, hashes={"current": "h1", "new": "h2"})
    assert read_stored_change(tables) == whole
    after = replace(whole, confirmed=frozenset({"current", "new"}), state="completed")
    tables.write(set_change(whole, after))
    assert read_stored_change(tables) == after
    token = tables.get(keys.email_token("h1"))
    assert token is not None
    assert read_token(token) == EmailToken("a", "owner@example.com", "billing@example.com")
    assert token["expires"] == int(CHANGE.expires_at.timestamp())


def test_a_change_replaces_only_the_last_one_as_it_was_read(tables: Tables) -> None:
    tables.write(put_change(CHANGE, last=None))
    later = replace(CHANGE, id="d", new_email="other@example.com")
    for last in (None, replace(CHANGE, id="b"), replace(CHANGE, state="cleared")):
        with pytest.raises(WriteConflict):
            tables.write(put_change(later, last=last))
    tables.transact([put_change(later, last=CHANGE)])
    assert read_stored_change(tables) == later


def test_a_write_is_refused_if_the_change_was_written_since_its_read(tables: Tables) -> None:
    tables.write(put_change(CHANGE, last=None))
    tables.transact(put_token(CHANGE, "new", "h1"))
    with pytest.raises(WriteConflict):
        tables.write(set_change(CHANGE, replace(CHANGE, state="cleared")))
    linked = read_stored_change(tables)
    tables.write(set_change(linked, replace(linked, confirmed=frozenset({"new"}))))
    with pytest.raises(WriteConflict):
        tables.transact(put_token(CHANGE, "new", "h2"))
    assert tables.get(keys.email_token("h2")) is None
