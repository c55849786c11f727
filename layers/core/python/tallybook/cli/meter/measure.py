"""CPU time and memory of a process and all its descendants, sampled at intervals.

**CPU seconds** are user and system time. A sample adds three parts that never overlap:

- the time of the direct children that this process has reaped, including the time of their reaped descendants;
- the time of each descendant that runs, or that has ended and is not reaped yet;
- for each of these descendants, the time of its reaped children, which the kernel adds to the parent.

So a child that runs for a millisecond between two samples is counted, through the parent that reaped it. On Linux the
meter is the "subreaper" of its descendants: an orphan becomes a child of the meter, not of init. Parents are sampled
before their children, so a child that is reaped in between is missing in one sample and included in the next, but never
counted twice; the total never falls. Not counted: children whose parent ignores SIGCHLD, because the kernel discards
their time, and processes that run on after the command has ended.

**RAM-GB-seconds** are resident memory over time. A sample adds up the resident set of each running descendant, and the
sum is valid until the next sample. A page that two processes share counts in both. A GB is 2^30 bytes.
"""

import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from ctypes import CDLL
from decimal import ROUND_DOWN, Decimal

import psutil  # type: ignore[import-untyped]  # it ships no types

BYTES_PER_GB = 2**30
_NANO = Decimal("0.000000001")
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process, where the kernel supports it."""
    if sys.platform == "linux":
        CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Measure:
    """The usage of all descendants of this process since its start."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._root = psutil.Process()
        self._cpu_seconds = 0.0
        self._byte_seconds = 0.0
        self._resident = 0
        self._sampled_at = elapsed()

    def sample(self, *, reaped_cpu_seconds: float) -> None:
        """Take a sample; `reaped_cpu_seconds` is the total of all direct children that were reaped here."""
        now = self._elapsed()
        self._byte_seconds += self._resident * (now - self._sampled_at)
        self._sampled_at = now
        descendants = self._root.children(recursive=True)
        cpu_seconds = reaped_cpu_seconds + sum(map(_cpu_seconds, descendants))
        self._cpu_seconds = max(self._cpu_seconds, cpu_seconds)
        self._resident = sum(map(_resident, descendants))

    @property
    def totals(self) -> dict[str, Decimal]:
        """Quantity by meter, rounded down to billionths."""
        return {
            "cpu_seconds": _whole_nanos(self._cpu_seconds),
            "ram_gb_seconds": _whole_nanos(self._byte_seconds / BYTES_PER_GB),
        }

    def stop(self, *, by_force: bool) -> None:
        """Send TERM to every descendant, or KILL if `by_force`."""
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
