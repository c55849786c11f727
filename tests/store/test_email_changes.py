"""A request to change an email reads back as it was, and is changed only as it was read."""

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


def stored(tables: Tables) -> EmailChange:
    item = tables.get(keys.email_change("a"))
    assert item is not None
    return read_change(item)


def test_a_request_and_its_links_read_back_as_they_were(tables: Tables) -> None:
    tables.write(put_change(CHANGE, last=None))
    assert stored(tables) == CHANGE
    tables.transact(put_token(CHANGE, "current", "h1"))
    tables.transact(put_token(CHANGE, "new", "h2"))
    whole = replace(CHANGE, hashes={"current": "h1", "new": "h2"})
    assert stored(tables) == whole
    after = replace(whole, confirmed=frozenset({"current", "new"}), state="completed")
    tables.write(set_change(whole, after))
    assert stored(tables) == after
    token = tables.get(keys.email_token("h1"))
    assert token is not None
    assert read_token(token) == EmailToken("a", "owner@example.com", "billing@example.com")
    assert token["expires"] == int(CHANGE.expires_at.timestamp())


def test_only_the_last_request_as_it_was_read_is_replaced(tables: Tables) -> None:
    tables.write(put_change(CHANGE, last=None))
    later = replace(CHANGE, id="d", new_email="other@example.com")
    for last in (None, replace(CHANGE, id="b"), replace(CHANGE, state="cleared")):
        with pytest.raises(WriteConflict):
            tables.write(put_change(later, last=last))
    tables.transact([put_change(later, last=CHANGE)])
    assert stored(tables) == later


def test_a_change_or_a_link_is_refused_once_it_was_changed_in_between(tables: Tables) -> None:
    tables.write(put_change(CHANGE, last=None))
    tables.transact(put_token(CHANGE, "new", "h1"))
    with pytest.raises(WriteConflict):
        tables.write(set_change(CHANGE, replace(CHANGE, state="cleared")))
    linked = stored(tables)
    tables.write(set_change(linked, replace(linked, confirmed=frozenset({"new"}))))
    with pytest.raises(WriteConflict):
        tables.transact(put_token(CHANGE, "new", "h2"))
    assert tables.get(keys.email_token("h2")) is None
