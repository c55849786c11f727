"""After a restore: mails and events that were delivered since the restored instant are not delivered again.

A restored table has them waiting as they were then. The table before the restore knows what became of each, so its
item replaces the restored one. What it does not have, or what waits there too, is delivered.
"""

from collections.abc import Iterator
from itertools import batched

from tallybook.domain.jobs import OUTBOX, partitions
from tallybook.services.context import Context
from tallybook.store.commands import Item
from tallybook.store.conflicts import WriteConflict
from tallybook.store.keys import Key
from tallybook.store.outbox import PARKED, replace_item
from tallybook.store.table import Tables

_PAGE = 100


def settle_outbox(restored: Context, before: Tables) -> Iterator[int]:
    """Settle the undelivered items of the restored tables by the tables `before`; yields how many, page by page.

    Parked ones too, because a retry may have delivered them since. Repeating it changes nothing. It must end before the
    functions use the restored tables.
    """
    parts = (*OUTBOX.partitions(), *partitions(PARKED))
    undelivered = [due.key for part in parts for due in restored.tables.query_due(part)]
    for some in batched(undelivered, _PAGE, strict=False):
        known, items = before.get_many(some), restored.tables.get_many(some)
        yield sum(_settle(restored, key, item, known.get(key)) for key, item in items.items())


def _settle(restored: Context, key: Key, item: Item, known: Item | None) -> bool:
    if known is None or known == item:
        return False
    try:
        restored.tables.write(replace_item(key, item, known))
    except WriteConflict:
        return False
    return True
