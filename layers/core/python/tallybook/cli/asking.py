"""Asks before a command changes what is hard to undo."""

import sys

import typer

from tallybook.cli.stop import Stop
from tallybook.cli.streams import is_terminal


def ask(question: str, *, yes: bool) -> None:
    """Stop unless the operator agrees; without a terminal nobody can be asked."""
    if yes:
        return
    if not is_terminal(sys.stdin):
        raise Stop(f"{question} Repeat the command with --yes", code=2)
    if not typer.confirm(question, err=True):
        raise Stop("Nothing was changed")
