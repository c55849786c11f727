"""Addresses that get no more mail, for they bounced or complained."""

from datetime import datetime
from typing import Literal

from tallybook.domain.times import stamp
from tallybook.store import keys
from tallybook.store.commands import Put


def suppress(address: str, *, reason: Literal["bounce", "complaint"], at: datetime) -> Put:
    return Put(keys.suppressed(address), {"reason": reason, "at": stamp(at)}, condition=None)
