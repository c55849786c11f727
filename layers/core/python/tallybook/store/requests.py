"""The requests of calls to DynamoDB, in its typed JSON: commands, queries and batches of keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from tallybook.store.commands import Check, Command, Delete, Item, Put, Update
from tallybook.store.keys import Key, TableName

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def to_dynamodb(values: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes as DynamoDB's typed JSON, without those that are None."""
    return {name: _serializer.serialize(value) for name, value in values.items() if value is not None}


def from_dynamodb(values: Mapping[str, Any]) -> Item:
    return {name: _deserializer.deserialize(value) for name, value in values.items()}


def dynamodb_key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def command_request(command: Command, names: Mapping[TableName, str]) -> tuple[str, dict[str, Any]]:
    """The command as (action, parameters), the same for a single call and for a transaction."""
    request: dict[str, Any] = {"TableName": names[command.key.table]}
    attribute_names: dict[str, str] = {}
    attribute_values: dict[str, Any] = {}
    match command:
        case Put():
            action = "Put"
            request["Item"] = dynamodb_key(command.key) | to_dynamodb(command.item)
        case Update():
            action = "Update"
            request["Key"] = dynamodb_key(command.key)
            request["UpdateExpression"] = _update_expression(command, attribute_names, attribute_values)
        case Delete():
            action = "Delete"
            request["Key"] = dynamodb_key(command.key)
        case Check():
            action = "ConditionCheck"
            request["Key"] = dynamodb_key(command.key)
    if command.condition is not None:
        built = ConditionExpressionBuilder().build_expression(command.condition)
        request["ConditionExpression"] = built.condition_expression
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        attribute_names |= built.attribute_name_placeholders
        attribute_values |= to_dynamodb(built.attribute_value_placeholders)
    if attribute_names:
        request["ExpressionAttributeNames"] = attribute_names
    if attribute_values:
        request["ExpressionAttributeValues"] = attribute_values
    return action, request


def query_request(table: str, condition: ConditionBase, *, consistent: bool, **parameters: Any) -> dict[str, Any]:
    """The request for the first page of the items whose key meets the condition."""
    built = ConditionExpressionBuilder().build_expression(condition, is_key_condition=True)
    return {
        "TableName": table,
        "KeyConditionExpression": built.condition_expression,
        "ExpressionAttributeNames": built.attribute_name_placeholders,
        "ExpressionAttributeValues": to_dynamodb(built.attribute_value_placeholders),
        "ConsistentRead": consistent,
        **parameters,
    }


def batch_request(keys: Iterable[Key], names: Mapping[TableName, str], *, consistent: bool) -> dict[str, Any]:
    """The keys by table."""
    request: dict[str, Any] = {}
    for key in keys:
        table = request.setdefault(names[key.table], {"Keys": [], "ConsistentRead": consistent})
        table["Keys"].append(dynamodb_key(key))
    return request


def count_keys(batch: Mapping[str, Any]) -> int:
    """The number of keys in a batch request."""
    return sum(len(table["Keys"]) for table in batch.values())


def _update_expression(command: Update, names: dict[str, str], values: dict[str, Any]) -> str:
    def name_ref(attribute: str) -> str:
        return _placeholder(names, "#u", attribute)

    def value_ref(value: Any) -> str:
        return _placeholder(values, ":u", _serializer.serialize(value))

    sets = [f"{name_ref(name)} = {value_ref(value)}" for name, value in command.set.items() if value is not None]
    sets += [
        f"{name_ref(name)} = if_not_exists({name_ref(name)}, {value_ref(value)})"
        for name, value in command.first.items()
    ]
    adds = [f"{name_ref(name)} {value_ref(value)}" for name, value in command.add.items()]
    removed = [*command.remove, *(name for name, value in command.set.items() if value is None)]
    clauses = {"SET": sets, "ADD": adds, "REMOVE": [name_ref(name) for name in removed]}
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def _placeholder(known: dict[str, Any], prefix: str, value: Any) -> str:
    for name, known_value in known.items():
        if known_value == value:
            return name
    name = f"{prefix}{len(known)}"
    known[name] = value
    return name
