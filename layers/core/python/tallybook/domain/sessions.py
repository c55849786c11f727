"""Sandbox sessions: what the platform runs for a user, between a start and an end."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from tallybook.domain.audit import Actor
from tallybook.domain.errors import Invalid

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_TIMEOUT_SECONDS = 31 * 86_400


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What the platform wants to run; `session_id` is its own id for it, if it has one."""

    account_id: str
    user_id: str
    cpu_cores: Decimal
    memory_gb: Decimal
    storage_gb: Decimal
    timeout_seconds: int
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """It tells who started and who ended it by itself: the audit log, whose entries come one after the other, would
    make sessions of one account wait for each other.
    """

    id: str
    account_id: str
    user_id: str
    cpu_cores: Decimal
    memory_gb: Decimal
    storage_gb: Decimal
    started_at: datetime
    expires_at: datetime
    started_by: Actor
    status: Literal["running", "ended"] = "running"
    ended_at: datetime | None = None
    ended_by: Actor | None = None

    def end_of(self, now: datetime) -> datetime:
        """When it ends if it does now: never after its timeout."""
        return min(now, self.expires_at)


def check_session_id(text: str) -> str:
    """1 to 64 letters, digits, hyphens or underscores: the platform's own id, or one of ours."""
    if not _ID.fullmatch(text):
        raise Invalid("session_id must be 1 to 64 letters, digits, hyphens or underscores", field="session_id")
    return text
