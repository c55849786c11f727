"""An item that can't be read is listed as such, and hides no other item."""

import json

import pytest

from tallybook.store import keys
from tests.support.broken_items import BREAKAGES, break_account, break_item


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_an_unreadable_account_is_listed_among_the_others(operator_app, tallybook, breakage):
    first, broken, last = (operator_app.member() for _ in range(3))
    break_account(operator_app, broken, breakage)
    run = tallybook("accounts", "list", "--json")
    rows = {row["account_id"]: row for row in json.loads(run.out)["accounts"]}
    assert (run.code, set(rows)) == (0, {one.subject for one in (first, broken, last)})
    assert rows[broken.subject]["status"] == "unreadable"
    assert "Error" in rows[broken.subject]["error"]
    lines = tallybook("accounts", "list").out.splitlines()
    assert len(lines) == 4


def test_an_unreadable_outbox_item_is_listed_among_the_others(operator_app, tallybook):
    operator_app.member()
    items = [item for item in operator_app.stored("core") if item["sk"] == "OUTBOX"]
    break_item(operator_app, keys.outbox(items[0]["id"]), lambda item: item.pop("body"))
    run = tallybook("outbox", "list", "--json")
    rows = {row["id"]: row for row in json.loads(run.out)["items"]}
    assert (run.code, set(rows)) == (0, {item["id"] for item in items})
    assert rows[items[0]["id"]]["error"] == "unreadable: KeyError: 'body'"
    assert len(tallybook("outbox", "list").out.splitlines()) == len(items) + 1
