"""The item `format`: which formats stored items may have, and how far a migration has come.

Only the operator writes it, and every later release reads these names, so they must stay.

    formats    numbers of the formats, ascending
    writes     the format that the deployed functions write, since `since`
    target     the format that a migration converts to
    positions  by partition of the accounts' list: the creation time before which all accounts have been converted
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.formats import FormatRefused, Formats
from tallybook.domain.times import instant_or_none, stamp_or_none
from tallybook.store import keys
from tallybook.store.commands import Item, Put, Update


class Migration(NamedTuple):
    """How far a migration to the format `target` has come."""

    target: int
    positions: Mapping[str, str]


def put_formats(formats: Formats) -> Put:
    """The item of a table that has none."""
    return Put(keys.format_item(), _formats_item(formats))


def set_formats(before: Formats, after: Formats) -> Update:
    """A migration begins again after it. WriteConflict if the formats are not as read."""
    changed = _formats_item(after)
    return Update(keys.format_item(), set=changed, remove=("target", "positions"), condition=_as_read(before))


def set_positions(formats: Formats, before: Migration | None, after: Migration) -> Update:
    """WriteConflict if formats or positions are not as read."""
    unchanged = _as_read(formats)
    if before is None:
        unchanged &= Attr("target").not_exists()
    else:
        unchanged &= Attr("target").eq(before.target) & Attr("positions").eq(dict(before.positions))
    changed = {"target": after.target, "positions": dict(after.positions)}
    return Update(keys.format_item(), set=changed, condition=unchanged)


def read_formats(item: Item) -> Formats:
    """FormatRefused if it can't be read: then nobody knows what the data has."""
    try:
        return _read_formats(item)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise FormatRefused(
            f"The item FORMAT of the table core says which formats the data has, and can't be read: restore it, as "
            f"docs/releases.md describes it ({type(error).__name__}: {error})"
        ) from error


def _read_formats(item: Item) -> Formats:
    writes = item.get("writes")
    return Formats(
        stored=(int(item["formats"][0]), *map(int, item["formats"][1:])),
        writes=None if writes is None else int(writes),
        since=instant_or_none(item.get("since")),
    )


def read_migration(item: Item) -> Migration | None:
    return Migration(int(item["target"]), item["positions"]) if "target" in item else None


def _formats_item(formats: Formats) -> dict[str, Any]:
    return {"formats": list(formats.stored), "writes": formats.writes, "since": stamp_or_none(formats.since)}


def _as_read(formats: Formats) -> ConditionBase:
    unchanged: ConditionBase = Attr("formats").eq(list(formats.stored))
    for name, value in (("writes", formats.writes), ("since", stamp_or_none(formats.since))):
        unchanged &= Attr(name).not_exists() if value is None else Attr(name).eq(value)
    return unchanged
