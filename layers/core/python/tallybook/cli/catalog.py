"""`tallybook catalog`: check a catalog file, and make it the current version."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tallybook.cli.catalog_file import read_catalog
from tallybook.cli.catalog_text import as_toml
from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson
from tallybook.cli.streams import say, write
from tallybook.services.billing.apply_catalog import apply_catalog

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The catalog: plans, meters, prices and packages.")

File = Annotated[Path, typer.Argument(help="The catalog file, in TOML.")]


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Check a catalog file without applying it. Prints a line for each wrong key."""
    data = read_catalog(file)
    counts = {name: len(data[name]) for name in ("plans", "meters", "packages")}
    if as_json:
        write(json.dumps({"errors": [], **counts}, allow_nan=False))
    else:
        write(f"{file}: valid, with " + ", ".join(f"{count} {name}" for name, count in counts.items()))


@app.command()
def show(
    version: Annotated[int | None, typer.Option(min=1, help="An older version; without it, the current one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a version as the TOML file that `apply` reads: tallybook catalog show > catalog.toml"""
    with operator_context() as ctx:
        number, applied_at, data = ctx.catalogs.stored(version)
    if as_json:
        write(json.dumps({"version": number, "applied_at": applied_at, "catalog": data}, allow_nan=False))
        return
    say(f"catalog version {number}, applied {applied_at}")
    write(as_toml(data))


@app.command()
def apply(file: File, as_json: AsJson = False) -> None:
    """Check a catalog file and make it the current version. The same content again changes nothing.

    An open period keeps the version that it opened with.
    """
    data = read_catalog(file)
    with operator_context() as ctx:
        version = apply_catalog(ctx, data).version
    document = json.dumps({"version": version}, allow_nan=False)
    write(document if as_json else f"Catalog version {version} is current")
