"""An opened period of an account: what it pinned, and whether it still takes usage."""

from dataclasses import dataclass

from tallybook.domain.periods import Period


@dataclass(frozen=True, slots=True)
class OpenedPeriod:
    """`plan` and `catalog_version` are those of its opening; `shards` is how many counters share its writes."""

    period: Period
    plan: str
    catalog_version: int
    shards: int
    is_open: bool
    completed_sessions: int = 0
