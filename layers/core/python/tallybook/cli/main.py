"""`tallybook`: the command line of the operator and the platform."""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tallybook.cli.completion import completion, enable_completion
from tallybook.cli.failures import CLOSED_PIPE, is_meter, report_failure
from tallybook.cli.meter.command import meter
from tallybook.cli.meter.send import send
from tallybook.cli.setting_text import check_settings, clean_settings
from tallybook.cli.streams import drop_output, is_terminal, prepare_streams, write
from tallybook.cli.version import VERSION

NOUNS = (
    "accounts",
    "users",
    "keys",
    "audit",
    "invoices",
    "events",
    "outbox",
    "queues",
    "catalog",
    "platform-keys",
    "clock",
    "migrate",
    "openapi",
    "smoke",
    "doctor",
    "backup",
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
)


def _print_version(asked: bool) -> None:
    if asked:
        write(f"tallybook {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Meter and send usage; operate Tallybook."""


app.command(context_settings={"allow_interspersed_args": False})(meter)
app.command()(send)
app.command()(completion)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit with its status. Errors are lines on standard error, never a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    given = given[given[:1] == ["--"] :]  # the command line may begin with --, which says nothing
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    prepare_streams()
    if not is_terminal(sys.stdout) and not is_meter(given):  # whose command gets the environment
        os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"  # else FORCE_COLOR puts colours into the help of a pipe
    clean_settings(os.environ)
    enable_completion()
    try:
        check_settings(os.environ)
        status = app(given, prog_name="tallybook", standalone_mode=False)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # typer met a closed pipe, and would exit with 1
            drop_output()
            sys.exit(CLOSED_PIPE)
        raise
    except BaseException as error:  # the last resort
        status = report_failure(error, given)
    sys.exit(status or 0)
