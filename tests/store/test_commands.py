"""Commands on one item are merged: all changes in one write, under all conditions."""

from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr

from tallybook.domain.errors import Conflict
from tallybook.store import keys
from tallybook.store.commands import Check, Delete, Put, Update, merge_commands
from tallybook.store.conflicts import WriteConflict
from tallybook.store.table import Tables
from tests.support.cloud import NAMES

ONE, OTHER = keys.account("a"), keys.account("b")


@pytest.fixture
def tables(client: Any) -> Tables:
    tables = Tables(client, NAMES, pause=lambda _: None)
    tables.write(Put(ONE, {"count": 1, "status": "active"}))
    return tables


def test_several_changes_of_one_item_are_written_together(tables: Tables) -> None:
    tables.transact(
        [
            Update(ONE, set={"name": "A"}, add={"count": 1}),
            Update(ONE, set={"size": 5}, add={"total": 7}, first={"since": "now"}, remove=("status",)),
            Put(OTHER, {}),
        ]
    )
    item = tables.get(ONE)
    assert item == {"pk": ONE.pk, "sk": ONE.sk, "name": "A", "count": 2, "size": 5, "total": 7, "since": "now"}


def test_several_additions_to_one_attribute_add_up(tables: Tables) -> None:
    """Numbers are summed; string sets are united."""
    parts = [Update(ONE, add={"count": 2, "names": {"a"}}), Update(ONE, add={"count": 3, "names": {"a", "b"}})]
    tables.transact(parts)
    item = tables.get(ONE) or {}
    assert (item["count"], item["names"]) == (6, {"a", "b"})
    assert [dict(part.add) for part in parts] == [{"count": 2, "names": {"a"}}, {"count": 3, "names": {"a", "b"}}]


@pytest.mark.parametrize("place", [0, 1])
def test_every_merged_condition_must_hold(tables: Tables, place: int) -> None:
    conditions = [Attr("status").eq("active"), Attr("count").eq(1)]
    conditions[place] = Attr("status").eq("gone")
    with pytest.raises(WriteConflict) as refused:
        tables.transact([Update(ONE, add={"count": 1}, condition=conditions[0]), Check(ONE, conditions[1])])
    (failure,) = refused.value.failures
    assert failure.was is not None
    assert failure.was["count"] == 1
    assert (tables.get(ONE) or {})["count"] == 1


def test_checks_without_a_change_merge_into_a_check(tables: Tables) -> None:
    (only,) = merge_commands([Check(ONE, Attr("count").eq(1)), Check(ONE, Attr("status").eq("active"))])
    assert isinstance(only, Check)
    tables.transact([only])


def test_merging_keeps_the_order_of_commands() -> None:
    commands = [Put(OTHER, {}), Update(ONE, set={"a": 1}), Update(ONE, set={"b": 2})]
    assert [command.key for command in merge_commands(commands)] == [OTHER, ONE]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Put(ONE, {}), Update(ONE, set={"a": 1})),
        (Delete(ONE), Check(ONE, Attr("a").exists())),
        (Update(ONE, set={"a": 1}), Update(ONE, set={"a": 2})),
        (Update(ONE, set={"a": 1}, refusal=Conflict("no")), Update(ONE, set={"b": 2})),
    ],
)
def test_commands_that_can_not_be_merged_raise(one: Any, other: Any) -> None:
    with pytest.raises(ValueError, match="two commands"):
        merge_commands([one, other])
