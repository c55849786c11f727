"""What every use case is handed: the tables, the catalog, the clock and a source of randomness."""

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


class TellsTime(Protocol):
    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Context:
    """One per process, made by `tallybook.runtime`; tests make their own.

    `usage_shards` is how many counters share a new period's writes, `workers` how many accounts of one request are
    written at a time, `password_rounds` the cost of bcrypt as a power of two. `likely` is where this process last found
    what sessions of an account's user are decided on, so that the next start asks for it along with who is calling.
    """

    tables: Tables
    catalogs: Catalogs
    clock: TellsTime
    random_bytes: Callable[[int], bytes] = os.urandom
    elapsed: Callable[[], float] = time.monotonic
    usage_shards: int = 1
    workers: int = 8
    password_rounds: int = 12
    limits: Limits = field(default_factory=Limits)
    admission_keys: dict[tuple[str, str], tuple[Key, ...]] = field(default_factory=dict)

    def new_id(self, now: datetime) -> str:
        return new_id(now, self.random_bytes(10))
