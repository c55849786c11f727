"""How a command ends early: one line for the operator, and an exit code."""

import os


class Stop(Exception):
    """Nothing more to do: one clear line for the operator, and the exit code."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def required(name: str) -> str:
    """The variable's value; Stop with the one line that helps if there is none."""
    value = os.environ.get(name)
    if not value:
        raise Stop(f"{name} is not set; for the local bundle: source .local/env", code=2)
    return value
