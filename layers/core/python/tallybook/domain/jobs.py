"""The jobs that work off what is due: how often each is called, and which work it takes.

`work` names partitions of the index of due work, each spread over four by the last digit of an id: enough for some
thousand writes a second, few enough that asking all of them when nothing is due costs next to nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SPREAD = "0123"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """Called at every multiple of `every`; a call finds what is due by then.

    One that is `queued` only puts it on a queue, so that it is done a little later.
    """

    name: str
    every: timedelta
    work: tuple[str, ...]
    queued: bool = False

    def partitions(self) -> tuple[str, ...]:
        return tuple(place for work in self.work for place in partitions(work))

    def call_for(self, due: datetime) -> datetime:
        """The first call that finds what is due then."""
        return _EPOCH + -(-(due - _EPOCH) // self.every) * self.every


OUTBOX = Job("outbox", every=timedelta(minutes=5), work=("outbox",))
INVOICES = Job("invoicing", every=timedelta(hours=1), work=("closing", "overdue"), queued=True)
USAGE_CHECK = Job("usage_check", every=timedelta(minutes=5), work=("running", "dirty", "budget"), queued=True)
JOBS = (OUTBOX, USAGE_CHECK, INVOICES)


def partition(work: str, id: str) -> str:
    """Where in the index the work on this id stands."""
    return f"{work}#{SPREAD[int(id[-1], 16) % len(SPREAD)]}"


def partitions(work: str) -> tuple[str, ...]:
    """All the places where such work may stand."""
    return tuple(f"{work}#{digit}" for digit in SPREAD)


def camel_case(name: str) -> str:
    """usage_check -> UsageCheck, as it stands in the stack's outputs, resources and metrics."""
    return "".join(word.capitalize() for word in name.split("_"))
