"""What can be written: four commands, each with its condition and with the refusal it means when that fails."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from tallybook.domain.errors import TallybookError
from tallybook.store.keys import Key, TableName

type Item = dict[str, Any]
type Addend = int | Decimal | set[str]

NEW = Attr("pk").not_exists()
EXISTS = Attr("pk").exists()

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


@dataclass(frozen=True, slots=True)
class Put:
    """Write the whole item; by default only where there is none."""

    key: Key
    item: Mapping[str, Any]
    condition: ConditionBase | None = field(default_factory=lambda: NEW)
    refusal: TallybookError | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Set, add to, or remove attributes; by default only of an item that is there.

    `first` sets an attribute only where it has no value yet; `add` adds to a number, or texts to a set of them.
    """

    key: Key
    set: Mapping[str, Any] = field(default_factory=dict)
    first: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, Addend] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    condition: ConditionBase | None = field(default_factory=lambda: EXISTS)
    refusal: TallybookError | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    key: Key
    condition: ConditionBase | None = field(default_factory=lambda: EXISTS)
    refusal: TallybookError | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing; let the transaction stand only while the condition does."""

    key: Key
    condition: ConditionBase
    refusal: TallybookError | None = None


type Command = Put | Update | Delete | Check


def merge_commands(commands: Sequence[Command]) -> list[Command]:
    """Commands on one item as one: their changes together, under all their conditions.

    For updates and checks of what several parts of a transaction know something about. None of them may name a
    refusal of its own: which condition failed is then no longer told apart, and the item has to be read again.
    """
    by_key: dict[Key, Command] = {}
    for command in commands:
        before = by_key.get(command.key)
        by_key[command.key] = command if before is None else _both(before, command)
    return list(by_key.values())


def _both(one: Command, other: Command) -> Command:
    if not isinstance(one, Update | Check) or not isinstance(other, Update | Check) or one.refusal or other.refusal:
        raise ValueError(f"two commands on {one.key.sk} can't be joined")
    condition = other.condition if one.condition is None else one.condition
    if one.condition is not None and other.condition is not None:
        condition = one.condition & other.condition
    updates = [command for command in (one, other) if isinstance(command, Update)]
    if not updates and condition is not None:
        return Check(one.key, condition)
    return Update(
        one.key,
        set=_merged(update.set for update in updates),
        first=_merged(update.first for update in updates),
        add=_added(update.add for update in updates),
        remove=tuple(name for update in updates for name in update.remove),
        condition=condition,
    )


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        if twice := merged.keys() & part.keys():
            raise ValueError(f"two commands change {', '.join(sorted(twice))}")
        merged |= part
    return merged


def _added(parts: Iterable[Mapping[str, Addend]]) -> dict[str, Any]:
    """Numbers add up, and texts come to their set."""
    sums: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name not in sums:
                sums[name] = value
            else:
                sums[name] = sums[name] | value if isinstance(value, set) else sums[name] + value
    return sums


def index_units(command: Command) -> int:
    """Units of the index `work`, a transaction's at the same price: an entry made, taken away, or both in turn."""
    match command:
        case Put():
            return 1 if "work" in command.item else 0
        case Update() if "work" in command.remove:
            return 1
        case Update() if "work" in command.set or "due" in command.set:
            return 2
    return 0


def to_wire(values: Mapping[str, Any]) -> dict[str, Any]:
    """Attribute values as DynamoDB's typed JSON; an attribute that is None is left out."""
    return {name: _serializer.serialize(value) for name, value in values.items() if value is not None}


def from_wire(values: Mapping[str, Any]) -> Item:
    return {name: _deserializer.deserialize(value) for name, value in values.items()}


def wire_key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def request_of(command: Command, names: Mapping[TableName, str]) -> tuple[str, dict[str, Any]]:
    """The command as (action, parameters), alike for a call of its own and for a transaction."""
    request: dict[str, Any] = {"TableName": names[command.key.table]}
    attribute_names: dict[str, str] = {}
    attribute_values: dict[str, Any] = {}
    match command:
        case Put():
            action = "Put"
            request["Item"] = wire_key(command.key) | to_wire(command.item)
        case Update():
            action = "Update"
            request["Key"] = wire_key(command.key)
            request["UpdateExpression"] = _update_expression(command, attribute_names, attribute_values)
        case Delete():
            action = "Delete"
            request["Key"] = wire_key(command.key)
        case Check():
            action = "ConditionCheck"
            request["Key"] = wire_key(command.key)
    if command.condition is not None:
        built = ConditionExpressionBuilder().build_expression(command.condition)
        request["ConditionExpression"] = built.condition_expression
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        attribute_names |= built.attribute_name_placeholders
        attribute_values |= to_wire(built.attribute_value_placeholders)
    if attribute_names:
        request["ExpressionAttributeNames"] = attribute_names
    if attribute_values:
        request["ExpressionAttributeValues"] = attribute_values
    return action, request


def _update_expression(command: Update, names: dict[str, str], values: dict[str, Any]) -> str:
    def named(attribute: str) -> str:
        return _placeholder(names, "#u", attribute)

    def valued(value: Any) -> str:
        return _placeholder(values, ":u", _serializer.serialize(value))

    sets = [f"{named(name)} = {valued(value)}" for name, value in command.set.items() if value is not None]
    sets += [f"{named(name)} = if_not_exists({named(name)}, {valued(value)})" for name, value in command.first.items()]
    adds = [f"{named(name)} {valued(value)}" for name, value in command.add.items()]
    removed = [*command.remove, *(name for name, value in command.set.items() if value is None)]
    clauses = {"SET": sets, "ADD": adds, "REMOVE": [named(name) for name in removed]}
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def _placeholder(known: dict[str, Any], prefix: str, value: Any) -> str:
    for name, present in known.items():
        if present == value:
            return name
    name = f"{prefix}{len(known)}"
    known[name] = value
    return name
