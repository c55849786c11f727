"""What every use case gets: tables, catalogs, the clock, randomness and settings."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tallybook.domain.ids import new_id
from tallybook.domain.limits import Limits
from tallybook.store.catalogs import Catalogs
from tallybook.store.keys import Key
from tallybook.store.table import Tables


class Clock(Protocol):
    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Context:
    """One per process, created by `tallybook.runtime`; tests create their own.

    `usage_shards`: the number of counters that share a new period's writes. `workers`: the number of accounts that one
    request writes in parallel. `password_rounds`: the cost of bcrypt as a power of two. `admission_keys`: by account
    and user, the keys that the last admission in this process read, so that the next one reads them together with the
    credential. `verified_platform_keys`: the hashes of the platform keys that were valid in this process.
    """

    tables: Tables
    catalogs: Catalogs
    clock: Clock
    random_bytes: Callable[[int], bytes] = os.urandom
    elapsed: Callable[[], float] = time.monotonic
    usage_shards: int = 1
    workers: int = 8
    password_rounds: int = 12
    limits: Limits = field(default_factory=Limits)
    admission_keys: dict[tuple[str, str], tuple[Key, ...]] = field(default_factory=dict)
    verified_platform_keys: set[str] = field(default_factory=set, repr=False)

    def new_id(self, now: datetime) -> str:
        return new_id(now, self.random_bytes(10))
