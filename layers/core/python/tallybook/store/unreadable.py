"""An item that can't be read hides no other item of a list: it is listed as unreadable."""

from collections.abc import Callable
from typing import NamedTuple

from tallybook.store.commands import Item


class Unreadable(NamedTuple):
    """A stored item that can't be read, in a list whose other items can."""

    id: str
    error: str


def read_if_possible[T](read: Callable[[Item], T], item: Item) -> T | Unreadable:
    """What `read` makes of the item, or the error with the id in the item's key."""
    try:
        return read(item)
    except Exception as error:
        return Unreadable(item["pk"].partition("#")[2], f"{type(error).__name__}: {error}")
