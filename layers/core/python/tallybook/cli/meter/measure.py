"""What a process and everything it starts uses: CPU time and memory, by looking at them again and again.

**CPU seconds** are user and system time. A look adds up three things that never overlap:

- what has been reaped here: the exit of each direct child tells its own time and that of all its reaped descendants;
- the own time of each descendant that lives, or has ended and is not reaped yet;
- for each of those, what its own ended children used: the kernel adds that to the parent when it reaps them.

So a child that lives for a millisecond between two looks is counted all the same, through whoever reaped it. On Linux
the meter is its descendants' "subreaper": one whose parent ended first becomes a child of the meter, and not of the
system, so it stays in view. Parents are looked at before their children, so that a child reaped in between is missed
once and found at the next look, never counted twice; the sum never goes back. Not seen: time of children whose parent
lets the kernel discard them (SIGCHLD ignored), and whatever goes on after the command itself has ended.

**RAM-GB-seconds** are resident memory over time. A look adds up the resident set of each living descendant, and that
sum stands until the next look. A page shared by two processes counts in both. A GB is 2^30 bytes, as memory is sold.
"""

import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from ctypes import CDLL
from decimal import ROUND_DOWN, Decimal

import psutil  # type: ignore[import-untyped] # it comes without types

BYTES_PER_GB = 2**30
_NANO = Decimal("0.000000001")
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Descendants whose parent ends become children of this process, where the kernel can do that."""
    if sys.platform == "linux":
        CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Measure:
    """The use of all descendants of this process, since it began."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._root = psutil.Process()
        self._cpu_seconds = 0.0
        self._byte_seconds = 0.0
        self._resident = 0
        self._looked_at = elapsed()

    def look(self, *, reaped_cpu_seconds: float) -> None:
        """Look once; `reaped_cpu_seconds` is what all direct children that were reaped here have used."""
        now = self._elapsed()
        self._byte_seconds += self._resident * (now - self._looked_at)
        self._looked_at = now
        descendants = self._root.children(recursive=True)
        cpu_seconds = reaped_cpu_seconds + sum(map(_cpu_seconds, descendants))
        self._cpu_seconds = max(self._cpu_seconds, cpu_seconds)
        self._resident = sum(map(_resident, descendants))

    @property
    def totals(self) -> dict[str, Decimal]:
        """By meter, whole billionths."""
        return {
            "cpu_seconds": _whole_nanos(self._cpu_seconds),
            "ram_gb_seconds": _whole_nanos(self._byte_seconds / BYTES_PER_GB),
        }

    def stop(self, *, by_force: bool) -> None:
        """Ask every descendant to end, or make it."""
        for process in self._root.children(recursive=True):
            with suppress(psutil.Error):
                process.send_signal(signal.SIGKILL if by_force else signal.SIGTERM)


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    of_children = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(times.user + times.system + of_children)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _whole_nanos(value: float) -> Decimal:
    return Decimal(value).quantize(_NANO, rounding=ROUND_DOWN)
