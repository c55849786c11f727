"""`tallybook platform-keys`: create keys of the platform that runs the metered service."""

import json
from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson
from tallybook.domain.credentials import SCOPES
from tallybook.domain.ids import PLATFORM_KEY
from tallybook.domain.times import stamp
from tallybook.services.identity.platform_keys import create_platform_key

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The keys of the platform that runs the metered service."
)


@app.callback()
def keys() -> None:
    """The keys of the platform that runs the metered service."""


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[
        list[str], typer.Option(help=f"A scope of the key; repeat the option for more: {', '.join(SCOPES)}.")
    ],
    as_json: AsJson = False,
) -> None:
    """Create a key, and print its secret. It is not stored and can't be shown again."""
    with operator_context() as ctx:
        created = create_platform_key(ctx, name=name, scopes=scope)
    key = created.key
    if as_json:
        row = {"id": PLATFORM_KEY + key.id, "name": key.name, "scopes": key.scopes, "created_at": stamp(key.created_at)}
        typer.echo(json.dumps({**row, "key": created.text}, allow_nan=False))
    else:
        typer.echo(created.text)
        named = f"{PLATFORM_KEY}{key.id}, {key.name}: {', '.join(key.scopes)}"
        typer.echo(f"{named}. Keep it now; it is not shown again.", err=True)
