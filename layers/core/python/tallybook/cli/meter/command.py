"""`tallybook meter`: run a command on this computer as a session of an account, and report its usage."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from tallybook.cli.meter import settings
from tallybook.cli.meter.api import Refused, Unreachable
from tallybook.cli.meter.child import check_command
from tallybook.cli.meter.environment import command_environment, require_hidden_secrets
from tallybook.cli.meter.run import Metering
from tallybook.cli.meter.session import SOURCE, open_session
from tallybook.cli.meter.words import session_words
from tallybook.cli.options import event_app, event_source, finite
from tallybook.cli.stop import Stop, required


def meter(  # noqa: PLR0917 the command line names them
    command: Annotated[list[str], typer.Argument(help="The command and its arguments, after --.")],
    account: Annotated[str, typer.Option(envvar="TALLYBOOK_ACCOUNT_ID", help="The account that pays: acc-…")] = "",
    user: Annotated[str, typer.Option(envvar="TALLYBOOK_USER_ID", help="The user who runs it: usr-…")] = "",
    cpu_cores: Annotated[float, typer.Option(callback=finite, help="CPU cores of the session.")] = 1,
    memory_gb: Annotated[float, typer.Option(callback=finite, help="Memory of the session.")] = 1,
    storage_gb: Annotated[float, typer.Option(callback=finite, help="Storage of the session.")] = 1,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds after which the command is stopped.")] = 3600,
    interval: Annotated[float, typer.Option(min=0.1, callback=finite, help="Seconds between reports.")] = 5.0,
    app: Annotated[str | None, typer.Option(callback=event_app, help="The app that the usage belongs to.")] = None,
    source: Annotated[
        str, typer.Option(envvar="TALLYBOOK_SOURCE", callback=event_source, help="The source of the usage events.")
    ] = SOURCE,
    env: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A TALLYBOOK_ or AWS_ variable that the command gets; repeat it for more."),
    ] = None,
) -> None:
    """Run COMMAND, report its CPU time and memory as usage while it runs, and exit with its exit code.

    The command has this terminal, its input and its output, and gets its signals. Its environment lacks the platform
    key, AWS credentials and all other TALLYBOOK_ and AWS_ variables but the URL, the ids and the region.

    Exit codes of its own: 125 if the session was refused or could not be opened, 126 if the command can't be run, 127
    if there is none, 124 after the timeout. A command that a signal ended has 128 and the signal's number.
    """
    check_command(command[0])
    environment = command_environment(env or ())
    account_id, user_id = account or required("TALLYBOOK_ACCOUNT_ID"), user or required("TALLYBOOK_USER_ID")
    require_hidden_secrets()
    size = {"cpu_cores": cpu_cores, "memory_gb": memory_gb, "storage_gb": storage_gb}
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # while no command runs, TERM acts like Ctrl-C
    stop_retries = threading.Event()
    with settings.platform(stop_retries=stop_retries) as platform:
        with _refusals():
            session = open_session(
                platform,
                account_id=account_id,
                user_id=user_id,
                limits={**size, "timeout_seconds": timeout},
                app_id=app,
                source=source,
            )
        metering = Metering(platform, session, stop_retries)
        try:
            code = metering.run(command, environment, interval=interval, timeout=timeout)
        finally:
            metering.finish()
    raise typer.Exit(code)


@contextmanager
def _refusals() -> Iterator[None]:
    """Stop, with the reasons, if the session can't be opened."""
    try:
        yield
    except Unreachable as error:
        raise Stop(f"The session could not be opened: {error}") from error
    except Refused as refused:
        why = session_words(reasons) if (reasons := refused.data.get("reasons")) else refused.message
        raise Stop(f"The session was refused: {why}") from refused
