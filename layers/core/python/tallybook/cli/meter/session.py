"""Opens and ends a sandbox session, and creates its usage events."""

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
class Session:
    """An open session, and the user and app to which its usage belongs; `source` is that of its events."""

    id: str
    started_at: datetime
    account_id: str
    user_id: str
    app_id: str | None = None
    source: str = SOURCE


def open_session(
    platform: Platform,
    *,
    account_id: str,
    user_id: str,
    limits: Mapping[str, float],
    app_id: str | None,
    source: str,
) -> Session:
    """Open a session; `limits` are its size and timeout, by their names in the request.

    The id is created here, so that a retry opens no second session.
    """
    id = str(uuid.uuid4())
    body = {"session_id": id, "account_id": account_id, "user_id": user_id, **limits}
    started_at = parse_instant(platform.post_json(_PATH, body)["started_at"])
    return Session(id, started_at, account_id, user_id, app_id, source)


def end_session(platform: Platform, session: Session) -> None:
    platform.post(f"{_PATH}/{session.id}/end")


class UsageEvents:
    """Turns growing totals into events. Each has the increase since the previous event, so they add up to the totals.

    An event's id is the session's id and a count, so that sending it again is a duplicate. Its time is the server's
    start of the session plus the elapsed time, so a wrong clock on this computer has no effect.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._reported: dict[str, Decimal] = {}
        self._count = 0

    def since(self, totals: Mapping[str, Decimal], *, elapsed: float) -> list[Line]:
        """An event for each meter whose total has grown."""
        time = self._session.started_at + timedelta(seconds=elapsed)
        lines = []
        for meter, total in totals.items():
            quantity = total - self._reported.get(meter, Decimal(0))
            if quantity > 0:
                self._reported[meter] = total
                self._count += 1
                lines.append(Line(self._count, self._event(meter, quantity, time)))
        return lines

    def _event(self, meter: str, quantity: Decimal, time: datetime) -> bytes:
        data = {
            "meter": meter,
            "quantity": f"{quantity:f}",
            "user_id": self._session.user_id,
            "session_id": self._session.id,
            **({"app_id": self._session.app_id} if self._session.app_id else {}),
        }
        event = {
            "specversion": "1.0",
            "id": f"{self._session.id}/{self._count}",
            "source": self._session.source,
            "type": TYPE,
            "time": stamp(time),
            "subject": self._session.account_id,
            "data": data,
        }
        return json.dumps(event, allow_nan=False).encode()
