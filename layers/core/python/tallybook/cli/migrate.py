"""`tallybook migrate`: converts the stored data to the format that this release writes."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson
from tallybook.cli.progress import progress_bar
from tallybook.cli.streams import say, write
from tallybook.domain.formats import THIS
from tallybook.domain.ids import ACCOUNT
from tallybook.services.context import Context
from tallybook.services.releases.formats import find_formats
from tallybook.services.releases.migrate import Converted, count_accounts
from tallybook.services.releases.migrate import migrate as convert_all
from tallybook.store.commands import Update

app = typer.Typer(add_completion=False)

_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())


@app.command()
def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be changed in which account, and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Convert all accounts to the format that this release writes. A stopped run is continued by the next one.

    The exit code is 0 if nothing failed, else 1.
    """
    counts: Counter[str] = Counter()
    with operator_context() as ctx:
        for done in _with_progress(ctx, dry_run=dry_run):
            counts.update(accounts=1, converted=bool(done.updates), items=len(done.updates), failed=bool(done.failure))
            if done.failure:
                say(f"{ACCOUNT}{done.account_id}: {type(done.failure).__name__}: {done.failure}")
            if dry_run and not as_json:
                for update in done.updates:
                    write(f"{ACCOUNT}{done.account_id}\t{_changes(update)}")
        stored = find_formats(ctx).stored
    row = {
        "dry_run": dry_run,
        "format": THIS.writes,
        "formats": list(stored),
        **{name: counts[name] for name in ("accounts", "converted", "items", "failed")},
    }
    write(json.dumps(row) if as_json else _sentence(row))
    if counts["failed"]:
        raise typer.Exit(1)


def _with_progress(ctx: Context, *, dry_run: bool) -> Iterator[Converted]:
    with progress_bar(*_COLUMNS) as progress:
        total = count_accounts(ctx)
        yield from progress.track(convert_all(ctx, dry_run=dry_run), total=total, description="Accounts")


def _changes(update: Update) -> str:
    """`ACCOUNT: sets archived, budgets; removes credited`"""
    removed = sorted({*update.remove, *(name for name, value in update.set.items() if value is None)})
    changes = {"sets": sorted(name for name, value in update.set.items() if value is not None), "removes": removed}
    return f"{update.key.sk}: " + "; ".join(f"{verb} {', '.join(names)}" for verb, names in changes.items() if names)


def _sentence(row: dict[str, Any]) -> str:
    if row["formats"] == [row["format"]]:
        left = f"the data has format {row['format']} only"
    else:
        left = "nothing was changed" if row["dry_run"] else "not all data is converted yet"
    if not row["accounts"]:
        return f"Nothing to convert; {left}"
    converts = "would be converted" if row["dry_run"] else "converted"
    done = f"{row['items']} items of {row['converted']} {converts}, {row['failed']} failed"
    return f"{row['accounts']} accounts, {done}; {left}"
