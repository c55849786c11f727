"""`tallybook`: the command line of the operator and the platform."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from tallybook.cli.meter.command import meter
from tallybook.cli.meter.send import send
from tallybook.cli.stop import Stop
from tallybook.domain.errors import TallybookError

NOUNS = (
    "accounts",
    "users",
    "keys",
    "audit",
    "invoices",
    "events",
    "outbox",
    "catalog",
    "platform-keys",
    "clock",
    "openapi",
)


class LazyGroup(TyperGroup):
    """Imports the commands of a noun only when they are used, so that `meter` and `send` start without boto3."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *NOUNS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in NOUNS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"tallybook.cli.{cmd_name.replace('-', '_')}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Meter and send usage; operate Tallybook.",
)
app.command(context_settings={"allow_interspersed_args": False})(meter)
app.command()(send)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Errors are printed as lines on standard error, never as a traceback."""
    try:
        app(arguments, prog_name="tallybook")
    except Stop as stop:
        _exit(stop.message, stop.code)
    except TallybookError as error:
        _exit(error.message, 1)


def _exit(message: str, code: int) -> None:
    for line in message.splitlines():
        typer.echo(f"tallybook: {line}", err=True)
    sys.exit(code)
