"""The command `tallybook smoke`: one line on standard output for each step, and exit status 1 with the reason."""

import os
import time
from typing import Annotated

import typer

from tallybook.cli.aws import stack_output
from tallybook.cli.context import operator_context
from tallybook.cli.setting_text import check_address
from tallybook.cli.smoke.api import Api
from tallybook.cli.smoke.steps import smoke as walk
from tallybook.cli.streams import write

app = typer.Typer(add_completion=False)


@app.command()
def smoke(
    mail_may_wait: Annotated[
        bool, typer.Option("--mail-may-wait", help="A mail that SES does not accept yet is no failure.")
    ] = False,
) -> None:
    """Check a deployed installation: registration, usage, bill and mail, on an account of its own; then clean up.

    It calls the API at TALLYBOOK_URL, by default the stack's, and reads the tables as the operator.
    """
    with operator_context() as ctx:
        url = os.environ.get("TALLYBOOK_URL") or stack_output("ApiUrl")
        check_address("TALLYBOOK_URL", url)
        walk(ctx, Api(url), report=_report, pause=time.sleep, mail_may_wait=mail_may_wait)
    write("Smoke test passed")


def _report(step: str, saw: str) -> None:
    write(f"{step:<14}{saw}")
