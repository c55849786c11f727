"""`tallybook`: the operator's and the platform's command."""

import sys
from collections.abc import Sequence

import typer

from tallybook.cli import catalog, platform_keys
from tallybook.cli.meter import meter
from tallybook.cli.send import send
from tallybook.cli.settings import Stop
from tallybook.domain.errors import TallybookError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Usage in, and what an operator does: the catalog, the platform's keys.",
)
app.command(context_settings={"allow_interspersed_args": False})(meter)
app.command()(send)
app.add_typer(catalog.app, name="catalog")
app.add_typer(platform_keys.app, name="platform-keys")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what goes wrong is told in lines on standard error, never as a trace."""
    try:
        app(arguments, prog_name="tallybook")
    except Stop as stop:
        _leave(stop.message, stop.code)
    except TallybookError as error:
        _leave(error.message, 1)


def _leave(message: str, code: int) -> None:
    for line in message.splitlines():
        typer.echo(f"tallybook: {line}", err=True)
    sys.exit(code)
