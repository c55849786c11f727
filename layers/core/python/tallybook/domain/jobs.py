"""The scheduled jobs: how often each is called, and which kinds of due work it does.

Each kind of work is spread over four partitions of the index of due work, by the last digit of an id: enough for a few
thousand writes a second, and so few that it costs almost nothing to query them all while nothing is due.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from tallybook.domain.money import ceil_div
from tallybook.domain.times import EPOCH

SPREAD = "0123"


class Job(NamedTuple):
    """Called at each multiple of `every` since 1970, to do all `work` that is due by then.

    The scheduled call of a `queued` job only puts the work on the job's queue.
    """

    name: str
    every: timedelta
    work: tuple[str, ...]
    queued: bool = False

    def partitions(self) -> tuple[str, ...]:
        return tuple(partition for work in self.work for partition in partitions(work))

    def call_for(self, due: datetime) -> datetime:
        """The first call at or after `due`."""
        return EPOCH + ceil_div(due - EPOCH, by=self.every) * self.every


OUTBOX = Job("outbox", every=timedelta(minutes=5), work=("outbox", "slow"))
INVOICES = Job("invoicing", every=timedelta(hours=1), work=("closing", "overdue"), queued=True)
USAGE_CHECK = Job("usage_check", every=timedelta(minutes=5), work=("running", "dirty", "budget"), queued=True)
JOBS = (OUTBOX, USAGE_CHECK, INVOICES)


def partition(work: str, id: str) -> str:
    """The partition of the index for this kind of work on this id: `budget#2`."""
    return f"{work}#{SPREAD[int(id[-1], 16) % len(SPREAD)]}"


def partitions(work: str) -> tuple[str, ...]:
    """All partitions of this kind of work."""
    return tuple(f"{work}#{digit}" for digit in SPREAD)


def camel_case(name: str) -> str:
    """usage_check -> UsageCheck, as the stack names resources, outputs and metrics."""
    return "".join(word.capitalize() for word in name.split("_"))
