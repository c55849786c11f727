"""How much work a call does, in figures that are the same on every run: no times."""

import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from tallybook.domain.errors import TallybookError


def count_calls(do: Callable[[], Any]) -> int:
    """The number of function calls that `do` makes, in Python and from Python into C. A refusal is no error."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        with suppress(TallybookError):
            do()
    finally:
        sys.setprofile(before)
    return count


def peak_bytes(do: Callable[[], Any]) -> int:
    """The most memory that `do` has allocated at one time. A refusal is no error."""
    tracemalloc.start()
    try:
        with suppress(TallybookError):
            do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
