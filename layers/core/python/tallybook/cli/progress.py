"""Shows on standard error that a command is at work, if that is a terminal; the rest of the command prints the same."""

import sys
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console
from rich.progress import Progress, ProgressColumn

from tallybook.cli.streams import is_terminal


def progress_bar(*columns: ProgressColumn) -> Progress:
    """Without `columns`: the description, a bar, the percentage and the time that is left."""
    return Progress(*columns, console=Console(stderr=True), disable=not is_terminal(sys.stderr), transient=True)


def working(text: str) -> AbstractContextManager[object]:
    """A line for the block, whose length is unknown."""
    return Console(stderr=True).status(text) if is_terminal(sys.stderr) else nullcontext()
