"""A hook for tests and the bench, which compute what calls to DynamoDB cost."""

from collections.abc import Sequence
from typing import Protocol

from tallybook.store.commands import Command, Item


class Observer(Protocol):
    """Sees each call after it: the items that it read, or the commands that it tried to write.

    Tests and the bench compute the calls' cost with one; production has none.
    """

    def items_read(self, operation: str, items: Sequence[Item], *, missing: int, consistent: bool) -> None: ...

    def page_read(self, items: Sequence[Item], *, consistent: bool) -> None: ...

    def written(self, operation: str, commands: Sequence[Command]) -> None: ...
