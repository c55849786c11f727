"""Suppressed addresses get no mail, because a mail to them bounced or its reader complained."""

from datetime import datetime
from typing import Literal

from tallybook.domain.errors import TallybookError
from tallybook.domain.times import stamp
from tallybook.store import keys
from tallybook.store.commands import Delete, Put

type Reason = Literal["bounce", "complaint"]


def suppress(address: str, *, reason: Reason, at: datetime) -> Put:
    return Put(keys.suppressed(address), {"reason": reason, "at": stamp(at)}, condition=None)


def lift(address: str, *, refusal: TallybookError) -> Delete:
    return Delete(keys.suppressed(address), refusal=refusal)
