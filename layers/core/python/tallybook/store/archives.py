"""How far each table is archived, by the table's name: a restored table has another name, and is archived anew.

    until       all changes before it are archived
    from, to    of the export that runs; an export of all items has no `from`
    arn         of the export that runs
    tries       how many exports after `until` failed

Every release that uses the same tables reads these names, so they must stay.
"""

from boto3.dynamodb.conditions import Attr, ConditionBase

from tallybook.domain.archive import Archive, Export
from tallybook.domain.times import instant_or_none, stamp, stamp_or_none
from tallybook.store import keys
from tallybook.store.commands import Item, Update

_NAMES = ("until", "from", "to", "arn")


def set_archive(table: str, before: Archive, after: Archive) -> Update:
    """WriteConflict if the stored state is not `before`."""
    old, new = _attributes(before), _attributes(after)
    unchanged: ConditionBase = Attr("tries").eq(before.tries) if before != Archive() else Attr("pk").not_exists()
    if before != Archive():
        for name in _NAMES:
            value = old[name]
            unchanged &= Attr(name).not_exists() if value is None else Attr(name).eq(value)
    present = {name: value for name, value in new.items() if value is not None}
    absent = tuple(name for name, value in new.items() if value is None)
    return Update(keys.archive(table), set={**present, "tries": after.tries}, remove=absent, condition=unchanged)


def read_archive(item: Item | None) -> Archive:
    if item is None:
        return Archive()
    export = Export(instant_or_none(item.get("from")), instant_or_none(item["to"])) if "to" in item else None
    return Archive(instant_or_none(item.get("until")), export, item.get("arn"), int(item["tries"]))


def _attributes(archive: Archive) -> dict[str, str | None]:
    export = archive.export
    return {
        "until": stamp_or_none(archive.until),
        "from": stamp_or_none(export.start) if export else None,
        "to": stamp(export.end) if export and export.end else None,
        "arn": archive.arn,
    }
