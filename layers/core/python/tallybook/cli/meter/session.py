"""A sandbox session as the platform opens and ends it, and the usage events of what runs in it."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tallybook.cli.meter.api import Platform
from tallybook.cli.meter.lines import Line
from tallybook.domain.times import parse_instant, stamp
from tallybook.wire.requests.cloudevents import TYPE

SOURCE = "tallybook-meter"
_PATH = "/v1/platform/sessions"


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """Who runs something, and the size of what they run it in."""

    account_id: str
    user_id: str
    cpu_cores: float
    memory_gb: float
    storage_gb: float
    timeout_seconds: int
    app_id: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    started_at: datetime
    wanted: SessionRequest


def open_session(platform: Platform, wanted: SessionRequest) -> Session:
    """The id is ours, so that a request that is tried again opens no second session."""
    id = str(uuid.uuid4())
    data = platform.post_json(
        _PATH,
        {
            "session_id": id,
            "account_id": wanted.account_id,
            "user_id": wanted.user_id,
            "cpu_cores": wanted.cpu_cores,
            "memory_gb": wanted.memory_gb,
            "storage_gb": wanted.storage_gb,
            "timeout_seconds": wanted.timeout_seconds,
        },
    )
    return Session(id, parse_instant(data["started_at"]), wanted)


def end_session(platform: Platform, session: Session) -> None:
    platform.post(f"{_PATH}/{session.id}/end")


class UsageEvents:
    """Cuts growing totals into events: each says what came since the one before, so they add up to the totals.

    An event's id is the session's and its place in it, so that sending it again is a duplicate. Its time is the start
    of the session, as the server told it, and what has gone by since: a wrong clock here does no harm.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: dict[str, Decimal] = {}
        self._made = 0

    def since(self, totals: Mapping[str, Decimal], *, elapsed: float) -> list[Line]:
        """An event for each meter that has moved."""
        time = self._session.started_at + timedelta(seconds=elapsed)
        lines = []
        for meter, total in totals.items():
            quantity = total - self._told.get(meter, Decimal(0))
            if quantity > 0:
                self._told[meter] = total
                self._made += 1
                lines.append(Line(self._made, self._event(meter, quantity, time)))
        return lines

    def _event(self, meter: str, quantity: Decimal, time: datetime) -> bytes:
        wanted = self._session.wanted
        data = {
            "meter": meter,
            "quantity": f"{quantity:f}",
            "user_id": wanted.user_id,
            "session_id": self._session.id,
            **({"app_id": wanted.app_id} if wanted.app_id else {}),
        }
        event = {
            "specversion": "1.0",
            "id": f"{self._session.id}/{self._made}",
            "source": SOURCE,
            "type": TYPE,
            "time": stamp(time),
            "subject": wanted.account_id,
            "data": data,
        }
        return json.dumps(event).encode()
