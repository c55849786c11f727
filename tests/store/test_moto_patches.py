"""Moto as the tests patch it answers each call as it does without the patches."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from tallybook.domain.audit import OPERATOR
from tallybook.services.subscriptions.change_plan import change_plan
from tallybook.store.commands import NEW, Check, Delete, Put, Update
from tallybook.store.keys import Key
from tallybook.store.table import Tables, WriteConflict
from tests.support.app import App
from tests.support.cloud import NAMES
from tests.support.moto_patches.comparison import Answer, Call, plain_moto, recording

ONE, TWO, THREE, FOUR = (Key("core", "P", sk) for sk in ("one", "two", "three", "four"))

type Recorded = list[tuple[Call, Answer]]
type Plain = Callable[[list[Call]], list[Answer]]


@pytest.fixture(scope="module")
def plain() -> Iterator[Plain]:
    with plain_moto() as answers:
        yield answers


@pytest.fixture
def recorded(client: Any) -> Iterator[Recorded]:
    with recording(client) as calls:
        yield calls


def test_what_a_month_of_an_account_calls_is_answered_alike(recorded: Recorded, plain: Plain, empty_app: App) -> None:
    app = empty_app
    app.apply_catalog()
    owner = app.member()
    colleague = app.colleague(owner)
    event = app.event(owner)
    assert [result.status for result in app.record(event, event, app.event(colleague))].count("accepted") == 2
    change_plan(app.ctx, app.account_of(owner), "pro", actor=OPERATOR, must_pay=False)
    app.clock.moment += timedelta(days=40)
    assert app.invoice_due()
    app.deliver()
    operations = {operation for (operation, _), _ in recorded}
    assert operations >= {"BatchGetItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"}
    _check(recorded, plain)


def test_conditions_and_rollbacks_are_answered_alike(recorded: Recorded, plain: Plain, client: Any) -> None:
    tables = Tables(client, NAMES)
    tables.transact([Put(ONE, {"count": 1, "map": {"a": [1, "x", None, True]}}), Put(TWO, {"count": 2})])
    refused: list[Callable[[], None]] = [
        lambda: tables.write(Put(ONE, {"count": 5}, condition=NEW)),
        lambda: tables.write(Update(THREE, set={"count": 5})),
        lambda: tables.write(Delete(THREE)),
        lambda: tables.write(Update(ONE, set={"count": 5}, condition=Attr("count").gt(1))),
        lambda: tables.transact(
            [
                Update(ONE, add={"count": 7}, set={"name": "changed"}),
                Put(THREE, {"count": 3}),
                Delete(TWO, condition=Attr("count").eq(3)),
                Check(FOUR, Attr("map.a").exists()),
            ]
        ),
    ]
    for change in refused:
        with pytest.raises(WriteConflict):
            change()
    assert tables.get(ONE) == {"pk": "P", "sk": "one", "count": 1, "map": {"a": [1, "x", None, True]}}
    tables.transact(
        [
            Update(ONE, add={"count": Decimal("0.5")}, remove=["map"], condition=Attr("count").between(0, 1)),
            Delete(TWO, condition=Attr("count").eq(2) & Attr("absent").not_exists()),
            Check(THREE, Attr("pk").not_exists()),
        ]
    )
    assert tables.get_many([ONE, TWO, THREE]) == {ONE: {"pk": "P", "sk": "one", "count": Decimal("1.5")}}
    _check(recorded, plain)


def test_pages_of_a_partition_and_of_the_index_are_answered_alike(
    recorded: Recorded, plain: Plain, client: Any
) -> None:
    tables = Tables(client, NAMES)
    for number in (3, 1, 5, 2, 4):
        tables.write(Put(Key("core", "P", f"{number}"), {"work": "w", "due": f"{number % 3}", "more": "x" * number}))
    for newest_first in (False, True):
        for limit in (None, 2, 4):
            list(tables.query("core", "P", start="1", end="4", limit=limit, newest_first=newest_first))
            list(tables.work("w", until="1", limit=limit, newest_first=newest_first))
    tables.write(Update(Key("core", "P", "1"), remove=["work", "due"]))
    assert len(list(tables.work("w"))) == 4
    first = client.query(
        TableName=NAMES["core"],
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "P"}},
        ProjectionExpression="sk, more",
        Limit=2,
    )
    client.query(
        TableName=NAMES["core"],
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": "P"}},
        ExclusiveStartKey=first["LastEvaluatedKey"],
    )
    _check(recorded, plain)


def test_requests_that_are_wrong_are_refused_alike(recorded: Recorded, plain: Plain, client: Any) -> None:
    table, key = NAMES["core"], {"pk": {"S": "P"}, "sk": {"S": "one"}}
    client.put_item(TableName=table, Item={**key, "text": {"S": "a"}})
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("put_item", {"Item": {**key, "text": {"S": "x" * 410_000}}}),
        ("put_item", {"Item": {"pk": {"S": "P"}, "sk": {"S": ""}}}),
        ("put_item", {"Item": {"pk": {"S": "P"}}}),
        ("get_item", {"Key": {"pk": {"S": "P"}}}),
        ("get_item", {"Key": key, "TableName": "absent"}),
        ("update_item", _update(key, "SET #n = :v", {":v": {"S": "x" * 410_000}})),
        ("update_item", _update(key, "SET #n = :v, #n = :v", {":v": {"S": "b"}})),
        ("update_item", _update(key, "SET #n = #n + :v", {":v": {"N": "1"}})),
        ("update_item", _update(key, "ADD #n :v", {":v": {"N": "1"}})),
        ("update_item", _update(key, "SET #n == :v", {":v": {"N": "1"}})),
        ("update_item", _update(key, "SET #n = :absent", {":v": {"N": "1"}})),
    ]
    for operation, parameters in wrong:
        with suppress(ClientError):
            getattr(client, operation)(**{"TableName": table} | parameters)
    twice = {"Delete": {"TableName": table, "Key": key}}
    with suppress(ClientError):
        client.transact_write_items(TransactItems=[twice, twice])
    assert sum("Error" in answer for _, answer in recorded) == len(wrong) + 1
    client.get_item(TableName=table, Key=key)
    _check(recorded, plain)


def test_moto_still_fails_to_add_small_numbers(plain: Plain) -> None:
    """Where this fails, that patch has nothing left to do."""
    table, key = NAMES["core"], {"pk": {"S": "P"}, "sk": {"S": "one"}}
    add: dict[str, Any] = {"TableName": table, **_update(key, "ADD #n :v", {":v": {"N": "1E-9"}})}
    _, second = plain([("UpdateItem", add), ("UpdateItem", add)])
    assert "1E-9" in second["raised"]


def _update(key: dict[str, Any], expression: str, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "Key": key,
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {"#n": "text"},
        "ExpressionAttributeValues": values,
    }


def _check(recorded: Recorded, plain: Plain) -> None:
    """Call by call, so that a difference names its call."""
    answers = plain([call for call, _ in recorded])
    for (call, patched), answer in zip(recorded, answers, strict=True):
        assert (call, patched) == (call, answer)
