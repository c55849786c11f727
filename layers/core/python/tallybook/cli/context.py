"""Direct access to the tables for the operator's commands."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tallybook.cli.aws import aws_errors, stack_output
from tallybook.cli.stop import Stop
from tallybook.domain.formats import check_writable
from tallybook.gateways.clock import Clock
from tallybook.runtime import connect
from tallybook.services.context import Context
from tallybook.store import keys
from tallybook.store.formats import read_formats

_READS = frozenset({"get_item", "batch_get_item", "query"})


@contextmanager
def operator_context() -> Iterator[Context]:
    """A context on CORE_TABLE and USAGE_TABLE, or on the tables of TALLYBOOK_STACK.

    It reads any data, and refuses its first write if this code and the data's formats don't fit: FormatRefused.
    """
    with aws_errors():
        core, usage = os.environ.get("CORE_TABLE"), os.environ.get("USAGE_TABLE")
        if not core or not usage:
            core, usage = stack_output("CoreTable"), stack_output("UsageTable")
        clock_file = os.environ.get("TALLYBOOK_CLOCK_FILE")
        _check_clock(clock_file)
        check = _CheckedWrites()
        ctx = connect(core_table=core, usage_table=usage, clock_file=clock_file, interceptor=check)
        check.ctx = ctx
        yield ctx


class _CheckedWrites:
    """An interceptor that reads the data's formats before the first write of a command. Without a record it passes."""

    def __init__(self) -> None:
        self.ctx: Context | None = None  # until the check has passed

    def __call__(self, operation: str, call: Callable[[], Any]) -> Any:
        if self.ctx is not None and operation not in _READS:
            if item := self.ctx.tables.get(keys.format_item()):
                check_writable(read_formats(item))
            self.ctx = None
        return call()


def _check_clock(file: str | None) -> None:
    try:
        Clock(Path(file) if file else None).ahead()
    except (OSError, ValueError, OverflowError) as error:
        raise Stop(f"{file} is not the file of a clock (TALLYBOOK_CLOCK_FILE)", code=2) from error
