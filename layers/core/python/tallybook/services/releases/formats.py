"""The formats that the stored data may have: read, checked before a deployment, and recorded by it."""

from tallybook.domain.formats import THIS, UNRECORDED, Formats, Release, before_deployment
from tallybook.domain.jobs import partitions
from tallybook.services.context import Context
from tallybook.store import formats as store
from tallybook.store import keys
from tallybook.store.accounts import ACCOUNTS
from tallybook.store.conflicts import WriteConflict


def find_formats(ctx: Context, *, code: Release = THIS) -> Formats:
    """The recorded formats. Without a record, those of the releases that had none; for empty tables, the code's."""
    item = ctx.tables.get(keys.format_item())
    if item:
        return store.read_formats(item)
    return Formats((code.writes,) if _is_empty(ctx) else UNRECORDED)


def record_release(
    ctx: Context, *, code: Release = THIS, deployed: Release | None, is_unrecorded: bool = False
) -> Formats:
    """Check that the code may be deployed, and record that items may have its format from now on.

    `deployed`: the release that runs now; None if there is none, or if it does not say what it reads. Called again
    after the deployment, it records what the functions write. FormatRefused changes nothing. `is_unrecorded`: a release
    that writes no record is deployed, also by going back to it, so that items may have the formats of those releases.
    """
    backoff = ctx.tables.backoff()
    while True:
        item = ctx.tables.get(keys.format_item())
        before = store.read_formats(item) if item else find_formats(ctx, code=code)
        found = before._replace(stored=tuple(sorted({*before.stored, *UNRECORDED}))) if is_unrecorded else before
        after = before_deployment(found, code, deployed=deployed, now=ctx.clock.now())
        if item and after == before:
            return after
        try:
            ctx.tables.write(store.set_formats(before, after) if item else store.put_formats(after))
        except WriteConflict:
            backoff()
            continue
        return after


def _is_empty(ctx: Context) -> bool:
    """Whether the table has no account, catalog or platform key. The index may lack a very recent account."""
    if ctx.tables.get_many([keys.catalog_current(), keys.platform_keys()]):
        return False
    return not any(next(ctx.tables.query_due(one, limit=1), None) for one in partitions(ACCOUNTS))
