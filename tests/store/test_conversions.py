"""Items of format 1 are converted to what the same story stores in format 2, once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tallybook.store.commands import Item, Update
from tallybook.store.conflicts import WriteConflict
from tallybook.store.conversions import email_change_keys, expire_email_change, set_welcome, welcome_keys
from tallybook.store.keys import Key
from tests.golden.items import read_items
from tests.golden.loading import load
from tests.support.app import App

type Keys = Callable[[str], list[Key]]
type Convert = Callable[[Mapping[Key, Item]], Sequence[Update]]

CONVERSIONS = [(email_change_keys, expire_email_change, "expires"), (welcome_keys, set_welcome, "welcome")]


@pytest.mark.parametrize(("wanted", "convert", "attribute"), CONVERSIONS)
def test_each_item_has_the_value_of_format_2(empty_app: App, wanted: Keys, convert: Convert, attribute: str) -> None:
    load(empty_app, "1")
    expected = {(item["pk"], item["sk"]): item.get(attribute) for item in read_items("2", "core")}
    tables, changed = empty_app.ctx.tables, 0
    for account in empty_app.stored("core", "ACCOUNT"):
        for update in convert(tables.get_many(wanted(account["id"]))):
            tables.write(update)
            stored: Any = tables.get(update.key)
            assert stored[attribute] == expected[update.key.pk, update.key.sk]
            changed += 1
        assert not convert(tables.get_many(wanted(account["id"])))
    assert changed > 0


@pytest.mark.parametrize(("wanted", "convert", "attribute"), CONVERSIONS)
def test_a_value_that_was_stored_meanwhile_stays(
    empty_app: App, wanted: Keys, convert: Convert, attribute: str
) -> None:
    load(empty_app, "1")
    tables = empty_app.ctx.tables
    updates = [
        update
        for account in empty_app.stored("core", "ACCOUNT")
        for update in convert(tables.get_many(wanted(account["id"])))
    ]
    tables.write(Update(updates[0].key, set={attribute: 7}))
    with pytest.raises(WriteConflict):
        tables.write(updates[0])


def test_an_account_without_a_welcome_credit_has_none() -> None:
    account = Key("core", "ACCOUNT#a", "ACCOUNT")
    (update,) = set_welcome({account: {"id": "a"}})
    assert update.set == {"welcome": 0}
