"""`tallybook catalog`: what is sold, checked and made the current version.

Imports stand in the commands, so that `meter` and `send` start without boto3 and pydantic.
"""

# ruff: noqa: PLC0415

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, help="What is sold, and for how much.")

File = Annotated[Path, typer.Argument(help="The catalog, as TOML.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Check a catalog file; every key that is wrong has a line. Nothing is applied."""
    data = _checked(file, as_json=as_json)
    counts = {name: len(data[name]) for name in ("plans", "meters", "packages")}
    if as_json:
        typer.echo(json.dumps({"errors": [], **counts}))
    else:
        typer.echo(f"{file}: in order, with " + ", ".join(f"{count} {name}" for name, count in counts.items()))


@app.command()
def apply(file: File, as_json: AsJson = False) -> None:
    """Check a catalog file and make it the current version; the same content again changes nothing.

    A period keeps the version that it opened with.
    """
    from tallybook.cli.tables import tables
    from tallybook.services.catalogs import apply_catalog

    data = _checked(file, as_json=as_json)
    with tables() as ctx:
        version = apply_catalog(ctx, data).version
    typer.echo(json.dumps({"version": version}) if as_json else f"Catalog version {version} is current")


def _checked(file: Path, *, as_json: bool) -> dict[str, Any]:
    from tallybook.cli.catalog_file import read_catalog
    from tallybook.domain.errors import Invalid

    try:
        return read_catalog(file)
    except Invalid as error:
        if not as_json:
            raise
        typer.echo(json.dumps({"errors": error.message.splitlines()}))
        raise typer.Exit(1) from error
