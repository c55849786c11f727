"""Migrates the stored data to the format that this code writes, account by account.

A stop at any point loses nothing: each conversion is one conditional write, the position is stored after each batch,
and a second run goes on there. Two runs at once convert the same, and one of them ends the migration.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import batched
from typing import NamedTuple

from tallybook.domain.formats import (
    SETTLED,
    THIS,
    FormatRefused,
    Formats,
    Release,
    after_migration,
    check_migratable,
    check_readable,
)
from tallybook.domain.jobs import partitions
from tallybook.services.context import Context
from tallybook.services.releases.conversions import CONVERSIONS, Conversion
from tallybook.services.releases.formats import find_formats
from tallybook.store import keys
from tallybook.store.accounts import ACCOUNTS
from tallybook.store.audit import put_operator_entry
from tallybook.store.commands import Item, Update
from tallybook.store.conflicts import WriteConflict
from tallybook.store.formats import Migration, read_formats, read_migration, set_formats, set_positions

_BATCH = 100


class Converted(NamedTuple):
    """What a migration changed in an account, or would change; or the error that left the account as it is."""

    account_id: str
    updates: tuple[Update, ...] = ()
    failure: Exception | None = None


def count_accounts(ctx: Context, *, code: Release = THIS) -> int:
    """How many accounts a migration has before it; 0 if only the code's format is left."""
    if find_formats(ctx, code=code).stored == (code.writes,):
        return 0
    positions = _positions(ctx, code)
    return sum(1 for one in partitions(ACCOUNTS) for _ in ctx.tables.query_due(one, since=positions.get(one, "")))


def migrate(
    ctx: Context,
    *,
    dry_run: bool = False,
    conversions: Sequence[Conversion] = CONVERSIONS,
    code: Release = THIS,
    settled: timedelta = SETTLED,
) -> Iterator[Converted]:
    """Convert each account and yield what was done; at the end, unless an account failed, record that all is converted.

    Nothing if only the code's format is left. With `dry_run` nothing is written. FormatRefused if the code can't read
    the data, if the deployed functions write another format, or if a deployment changed that meanwhile.
    """
    formats = find_formats(ctx, code=code)
    check_readable(formats, code)
    if formats.stored == (code.writes,):
        return
    if not dry_run:
        check_migratable(formats, code, now=ctx.clock.now(), settled=settled)
    failed = False
    positions = _positions(ctx, code)
    with ThreadPoolExecutor(ctx.workers) as pool:
        convert = partial(_convert, ctx, conversions, dry_run=dry_run)
        for partition in partitions(ACCOUNTS):
            is_complete = True
            due = ctx.tables.query_due(partition, since=positions.get(partition, ""))
            for batch in batched(due, _BATCH, strict=False):
                done = list(pool.map(convert, (row.key.pk.partition("#")[2] for row in batch)))
                is_complete &= not any(one.failure for one in done)
                if is_complete and not dry_run:
                    _store_position(ctx, formats, code, partition, batch[-1].at)
                yield from done
            failed |= not is_complete
    if not failed and not dry_run:
        _end(ctx, formats, code)


def _convert(ctx: Context, conversions: Sequence[Conversion], account_id: str, *, dry_run: bool) -> Converted:
    try:
        updates = [update for one in conversions for update in _apply(ctx, one, account_id, dry_run=dry_run)]
    except Exception as failure:
        return Converted(account_id, failure=failure)
    return Converted(account_id, tuple(updates))


def _apply(ctx: Context, conversion: Conversion, account_id: str, *, dry_run: bool) -> Sequence[Update]:
    """After a conflict, the items are read and converted again, so that a change by a request is kept."""
    backoff = ctx.tables.backoff()
    done: list[Update] = []
    while True:
        updates = conversion.convert(ctx.tables.get_many(conversion.keys(account_id)))
        if dry_run:
            return updates
        try:
            for update in updates:
                ctx.tables.write(update)
                done.append(update)
        except WriteConflict:
            backoff()
            continue
        return done


def _positions(ctx: Context, code: Release) -> dict[str, str]:
    migration = read_migration(ctx.tables.get(keys.format_item()) or {})
    return dict(migration.positions) if migration and migration.target == code.writes else {}


def _store_position(ctx: Context, formats: Formats, code: Release, partition: str, at: str) -> None:
    """All accounts of the partition that are not younger than `at` are converted. A position never moves back."""
    backoff = ctx.tables.backoff()
    while not _is_ended(item := ctx.tables.get(keys.format_item()), formats, code):
        before = read_migration(item or {})
        positions = dict(before.positions) if before and before.target == code.writes else {}
        if positions.get(partition, "") >= at:
            return
        try:
            return ctx.tables.write(set_positions(formats, before, Migration(code.writes, positions | {partition: at})))
        except WriteConflict:
            backoff()


def _end(ctx: Context, formats: Formats, code: Release) -> None:
    now, after = ctx.clock.now(), after_migration(formats, code)
    entry = put_operator_entry(
        ctx.new_id(now),
        at=now,
        action="data.migrated",
        target=f"format {code.writes}",
        before={"formats": list(formats.stored)},
        after={"formats": list(after.stored)},
    )
    try:
        ctx.tables.transact([set_formats(formats, after), entry])
    except WriteConflict:
        if not _is_ended(ctx.tables.get(keys.format_item()), formats, code):
            raise


def _is_ended(item: Item | None, formats: Formats, code: Release) -> bool:
    """Whether another run has ended the migration; FormatRefused if a deployment changed what is stored or written."""
    now = read_formats(item) if item else None
    if now == after_migration(formats, code):
        return True
    if now != formats:
        raise FormatRefused("A deployment began meanwhile: run tallybook migrate again when it has ended")
    return False
