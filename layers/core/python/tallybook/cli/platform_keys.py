"""`tallybook platform-keys`: create, list and revoke keys of the platform that runs the metered service."""

from datetime import datetime
from typing import Annotated

import typer

from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson, cleaned, instant
from tallybook.cli.printing import print_list, print_result
from tallybook.cli.rows import platform_key_row
from tallybook.cli.streams import say
from tallybook.domain.credentials import SCOPES
from tallybook.domain.ids import PLATFORM_KEY, strip_prefix
from tallybook.services.identity.platform_keys import create_platform_key, list_platform_keys, revoke_platform_key

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The keys of the platform that runs the metered service."
)

_COLUMNS = ("id", "name", "scopes", "source_prefix", "created_at", "expires_at", "last_used_at")
_LEAST = ("created_at", "expires_at", "source_prefix")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All keys that are not revoked, newest first. There are at most 1,000."""
    with operator_context() as ctx:
        found = list_platform_keys(ctx)
    print_list("platform_keys", map(platform_key_row, found), _COLUMNS, as_json=as_json, least=_LEAST)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[
        list[str], typer.Option(help=f"A scope of the key; repeat the option for more: {', '.join(SCOPES)}.")
    ],
    expires_at: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it expires; without it, never.")
    ] = None,
    source_prefix: Annotated[
        str | None, typer.Option(help="The key may only send events whose source begins so; without it, any.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key, and print its secret. It is not stored and can't be shown again."""
    with operator_context() as ctx:
        created = create_platform_key(ctx, name=name, scopes=scope, expires_at=expires_at, source_prefix=source_prefix)
    row = platform_key_row(created.key)
    print_result(created.text, row | {"key": created.text}, as_json=as_json)
    if not as_json:
        named = f"{row['id']}, {name}: {', '.join(created.key.scopes)}"
        say(f"{named}. Keep it now; it is not shown again.")


@app.command()
def revoke(key: Annotated[str, typer.Argument(callback=cleaned, help="plk-…")], as_json: AsJson = False) -> None:
    """Revoke a key, at once."""
    with operator_context() as ctx:
        revoked = revoke_platform_key(ctx, strip_prefix(key, PLATFORM_KEY, field="key"))
    print_result(f"{key} is revoked", platform_key_row(revoked), as_json=as_json)
