"""Standard output has data, standard error what the command says about it.

Whether a stream is a terminal is asked of the system alone: FORCE_COLOR, TTY_COMPATIBLE and the like are wishes about
colours, and would put tables and progress bars into pipes and files.
"""

import os
import shutil
import sys
from typing import TextIO

from tallybook.cli.stop import ClosedPipe, Stop

_NARROWEST, _WITHOUT_SIZE = 20, 80


def prepare_streams() -> None:
    """Print a character that the encoding of a stream lacks as its escape, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """A line, or lines, on standard output. ClosedPipe if nobody reads it, Stop if it can't be written."""
    if sys.stdout is None:
        raise Stop("standard output is closed")
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ClosedPipe from error
    except OSError as error:
        raise Stop(f"standard output: {error.strerror}") from error


def say(text: str) -> None:
    """A line, or lines, on standard error, each with the name of the command. Never fails."""
    if sys.stderr is None:
        return
    try:
        for line in text.splitlines():
            sys.stderr.write(f"tallybook: {line}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def width() -> int:
    """The columns of the terminal that standard output is."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return max(_NARROWEST, int(given))
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        columns = shutil.get_terminal_size().columns
    return max(_NARROWEST, columns or _WITHOUT_SIZE)


def drop_output() -> None:
    """Let what standard output still holds go nowhere, so that the end of the process says nothing about it."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (AttributeError, OSError, ValueError):
        return
