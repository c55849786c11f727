"""The four commands that write: each has a condition, and the error to raise when the condition fails.

Their reprs don't show what they write, because that has hashes of passwords and tokens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.errors import TallybookError
from tallybook.store.keys import Key

type Item = dict[str, Any]
type Addend = int | Decimal | set[str]

NEW = Attr("pk").not_exists()
EXISTS = Attr("pk").exists()


@dataclass(frozen=True, slots=True)
class Put:
    """Write the whole item; by default only if there is none."""

    key: Key
    item: Mapping[str, Any] = field(repr=False)
    condition: ConditionBase | None = field(default_factory=lambda: NEW)
    refusal: TallybookError | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Set, add to, or remove attributes; by default only of an existing item.

    `first` sets an attribute that has no value yet; `add` adds to a number, or strings to a set of strings.
    """

    key: Key
    set: Mapping[str, Any] = field(default_factory=dict, repr=False)
    first: Mapping[str, Any] = field(default_factory=dict, repr=False)
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
    """Write nothing, but require that the condition holds."""

    key: Key
    condition: ConditionBase
    refusal: TallybookError | None = None


type Command = Put | Update | Delete | Check


def merge_commands(commands: Sequence[Command]) -> list[Command]:
    """At most one command for each item, because a transaction may name an item only once.

    Updates and checks of one item become one, with all their changes and conditions. They may have no `refusal`:
    it would be unknown which of the conditions failed. ValueError for commands that can't be merged.
    """
    by_key: dict[Key, Command] = {}
    for command in commands:
        before = by_key.get(command.key)
        by_key[command.key] = command if before is None else _merge(before, command)
    return list(by_key.values())


def _merge(one: Command, other: Command) -> Command:
    if not isinstance(one, Update | Check) or not isinstance(other, Update | Check) or one.refusal or other.refusal:
        raise ValueError(f"two commands on {one.key.sk} can't be merged")
    condition = other.condition if one.condition is None else one.condition
    if one.condition is not None and other.condition is not None:
        condition = one.condition & other.condition
    updates = [command for command in (one, other) if isinstance(command, Update)]
    if not updates and condition is not None:
        return Check(one.key, condition)
    return Update(
        one.key,
        set=_merge_values(update.set for update in updates),
        first=_merge_values(update.first for update in updates),
        add=_merge_additions(update.add for update in updates),
        remove=tuple(name for update in updates for name in update.remove),
        condition=condition,
    )


def _merge_values(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        if twice := merged.keys() & part.keys():
            raise ValueError(f"two commands change {', '.join(sorted(twice))}")
        merged |= part
    return merged


def _merge_additions(parts: Iterable[Mapping[str, Addend]]) -> dict[str, Any]:
    """Numbers are summed, sets are united."""
    sums: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name not in sums:
                sums[name] = value
            else:
                sums[name] = sums[name] | value if isinstance(value, set) else sums[name] + value
    return sums


def whole_item(command: Put) -> Item:
    """The item with its key, as it is stored."""
    item = {name: value for name, value in command.item.items() if value is not None}
    return {"pk": command.key.pk, "sk": command.key.sk, **item}
