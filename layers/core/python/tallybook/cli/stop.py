"""Ends a command with one line for the operator and an exit status."""

import os

INTERRUPTED = 130
"""The exit status after Ctrl-C."""


class Stop(Exception):
    """Ends the command; `message` is the line for the operator."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ClosedPipe(Exception):
    """The reader of standard output has gone, like `head` after its last line."""


def required(name: str) -> str:
    """The value of an environment variable; Stop if it is not set."""
    value = os.environ.get(name)
    if not value:
        raise Stop(f"{name} is not set; for the local bundle: source .local/env", code=2)
    return value
