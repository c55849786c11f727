"""What the store raises when the condition of a command does not hold."""

from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from tallybook.store.commands import Command, Item


class Failure(NamedTuple):
    """A command whose condition did not hold, and the stored item at that time."""

    command: Command
    was: Item | None


class WriteConflict(Exception):
    """Nothing was written, because the conditions of these commands did not hold."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(f"{len(failures)} condition(s) did not hold")
        self.failures = tuple(failures)


def raise_conflict(failures: Sequence[Failure]) -> NoReturn:
    """The `refusal` of the first failed command that has one, else WriteConflict."""
    refusal = next((failure.command.refusal for failure in failures if failure.command.refusal), None)
    raise refusal or WriteConflict(failures)
