"""Direct access to the tables for the operator's commands."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tallybook.cli.aws import aws_errors, stack_output
from tallybook.cli.stop import Stop
from tallybook.gateways.clock import Clock
from tallybook.runtime import connect
from tallybook.services.context import Context


@contextmanager
def operator_context() -> Iterator[Context]:
    """A context on CORE_TABLE and USAGE_TABLE, or on the tables of TALLYBOOK_STACK."""
    with aws_errors():
        core, usage = os.environ.get("CORE_TABLE"), os.environ.get("USAGE_TABLE")
        if not core or not usage:
            core, usage = stack_output("CoreTable"), stack_output("UsageTable")
        clock_file = os.environ.get("TALLYBOOK_CLOCK_FILE")
        _check_clock(clock_file)
        yield connect(core_table=core, usage_table=usage, clock_file=clock_file)


def _check_clock(file: str | None) -> None:
    try:
        Clock(Path(file) if file else None).ahead()
    except (OSError, ValueError, OverflowError) as error:
        raise Stop(f"{file} is not the file of a clock (TALLYBOOK_CLOCK_FILE)", code=2) from error
