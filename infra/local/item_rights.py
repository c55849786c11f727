"""Lets the emulated cloud set what policies may ask of a DynamoDB request: the keys of its items, and its attributes.

By itself it knows no `dynamodb:LeadingKeys`, and `dynamodb:Attributes` only of what is read, so that a deny by either
does nothing. This file runs in the emulator's own Python.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator  # installed in the emulator's environment
from ministack.services import dynamodb

type Request = Mapping[str, Any]
type Conditions = dict[str, Any]

_LEADING_KEYS, _ATTRIBUTES = "dynamodb:LeadingKeys", "dynamodb:Attributes"
_MAPS_BY_ATTRIBUTE = ("Key", "Item", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter")
_EXPRESSIONS = (
    "UpdateExpression",
    "ConditionExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
)
_WORDS = frozenset(["SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN"])


class _OneItem(str):
    """The ARN of the table of one item in a transaction, with the conditions of this item alone."""

    conditions: Conditions


def authorize_by_keys_and_attributes() -> None:
    conditions_of_reads = iam_actions.dynamodb_service_context
    enforce = iam_evaluator.enforce

    def conditions(body: bytes) -> Conditions:
        return {**conditions_of_reads(body), **_conditions(_parsed(body))}

    def enforce_one(*request: Any, service_context: Conditions | None = None, **settings: Any) -> Any:
        own = getattr(settings.get("resource_arn"), "conditions", {})
        return enforce(*request, service_context={**(service_context or {}), **own}, **settings)

    iam_actions.dynamodb_service_context = conditions
    iam_actions.dynamodb_transaction_checks = _checks_of_transaction
    iam_evaluator.enforce = enforce_one


def _checks_of_transaction(action: str, body: bytes, region: str, account_id: str) -> list[tuple[str, str]]:
    """Each item's action and table. A policy decides on each item by its own key, as if it were written alone."""
    if action not in ("dynamodb:TransactWriteItems", "dynamodb:TransactGetItems"):
        return []
    return [
        (item_action, _one_item(iam_actions._dynamodb_table_arn(request["TableName"], region, account_id), request))
        for item in _listed(_parsed(body).get("TransactItems"), dict)
        for member, item_action in iam_actions._DYNAMODB_TRANSACT_ITEM_ACTIONS.items()
        if (request := _mapped(item.get(member))) and isinstance(request.get("TableName"), str)
    ]


def _one_item(arn: str, request: Request) -> str:
    one = _OneItem(arn)
    one.conditions = {_LEADING_KEYS: [], _ATTRIBUTES: [], **_conditions(request)}
    return one


def _conditions(request: Request) -> Conditions:
    keys, attributes = list(_leading_keys(request)), sorted(set(_attributes(request)))
    return ({_LEADING_KEYS: keys} if keys else {}) | ({_ATTRIBUTES: attributes} if attributes else {})


def _leading_keys(request: Request) -> Iterator[str]:
    """The values of the partition key, of all items of the request."""
    yield from _keys_in_table(request.get("TableName"), _items(request))
    yield from _queried_key(request)
    for table, batch in _mapped(request.get("RequestItems")).items():
        yield from _keys_in_table(table, (item for one in _of_batch(batch) for item in _items(one)))


def _keys_in_table(name: object, items: Iterable[Request]) -> Iterator[str]:
    table = _table(name)
    for item in items if table else ():
        yield from _values(item.get(table["pk_name"]))


def _queried_key(request: Request) -> Iterator[str]:
    """The value that the key condition of a query compares the partition key with."""
    table = _table(request.get("TableName"))
    if not table:
        return
    partition_key = dynamodb._resolve_index_keys(table, request.get("IndexName"))[0]
    legacy = _mapped(_mapped(request.get("KeyConditions")).get(partition_key))
    for value in legacy.get("AttributeValueList") or ():
        yield from _values(value)
    tokens = _tokens(request.get("KeyConditionExpression"))
    for (_, name), (operator, _), (_, value) in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if operator == "EQ" and _mapped(request.get("ExpressionAttributeNames")).get(name, name) == partition_key:
            yield from _values(_mapped(request.get("ExpressionAttributeValues")).get(value))


def _attributes(request: Request) -> Iterator[str]:
    """The top-level attributes that the request names: in its keys, items and expressions."""
    for field in _MAPS_BY_ATTRIBUTE:
        yield from _mapped(request.get(field))
    yield from _listed(request.get("AttributesToGet"), str)
    names = _mapped(request.get("ExpressionAttributeNames"))
    for field in _EXPRESSIONS:
        yield from (str(names.get(name, name)) for name in _paths(request.get(field)))
    for batch in _mapped(request.get("RequestItems")).values():
        yield from (name for one in _of_batch(batch) for item in _items(one) for name in item)
        yield from _attributes({**_mapped(batch), "RequestItems": None})


def _paths(expression: object) -> Iterator[str]:
    """The first segment of each path: a name or its placeholder."""
    tokens = _tokens(expression)
    for before, (kind, text), after in zip([("", ""), *tokens], tokens, tokens[1:], strict=False):
        is_function = after[0] == "LPAREN"
        if before[0] != "DOT" and kind in ("IDENT", "NAME_REF") and not is_function and text.upper() not in _WORDS:
            yield text


def _tokens(expression: object) -> list[tuple[str, str]]:
    return list(dynamodb._tokenize(expression)) if isinstance(expression, str) else []


def _of_batch(batch: object) -> list[Request]:
    """The requests of a batch for one table: puts and deletes, or gets."""
    writes = [_mapped(request) for one in _listed(batch, dict) for request in one.values()]
    return writes + [{"Key": key} for key in _listed(_mapped(batch).get("Keys"), dict)]


def _items(request: Request) -> list[Request]:
    return [_mapped(request.get(field)) for field in ("Key", "Item")]


def _table(name: object) -> Request | None:
    known = dynamodb._tables.get(dynamodb._normalize_table_name(name)) if isinstance(name, str) else None
    return known if isinstance(known, dict) else None


def _values(value: object) -> list[str]:
    """The text of an attribute value like `{"S": "x"}`."""
    return [str(text) for text in _mapped(value).values()]


def _parsed(body: bytes) -> Request:
    try:
        return _mapped(json.loads(body or b"{}"))
    except ValueError:
        return {}


def _mapped(value: object) -> Request:
    return value if isinstance(value, dict) else {}


def _listed[T](value: object, kind: type[T]) -> list[T]:
    return [one for one in value if isinstance(one, kind)] if isinstance(value, list) else []
