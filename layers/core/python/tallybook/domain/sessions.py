"""Sandbox sessions: what the platform runs for a user, from a start to an end."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from tallybook.domain.audit import Actor
from tallybook.domain.errors import Invalid

_ID = r"[A-Za-z0-9_-]{1,64}"
MAX_TIMEOUT_SECONDS = 31 * 86_400


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """A session that the platform asks to start. `session_id` is the platform's own id; None asks for a new one."""

    account_id: str
    user_id: str
    cpu_cores: Decimal
    memory_gb: Decimal
    storage_gb: Decimal
    timeout_seconds: int
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """The session records who started and ended it. The audit log doesn't, because an account's entries are written
    one after the other: sessions would wait for each other.
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
        """The end, if the session is ended now: its timeout if that is earlier."""
        return min(now, self.expires_at)


def check_session_id(text: str) -> str:
    """The id; Invalid unless it is 1 to 64 letters, digits, hyphens or underscores."""
    if not re.fullmatch(_ID, text):
        raise Invalid("session_id must be 1 to 64 letters, digits, hyphens or underscores", field="session_id")
    return text
