"""Publish events on the EventBridge bus.

After a failure, events that EventBridge accepted may be published again. Listeners recognize them by their id.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tallybook.gateways.interceptor import Interceptor, passthrough

SOURCE = "tallybook"

_MOST_A_CALL = 10


@dataclass(frozen=True, slots=True)
class Published:
    """An event: its name, like `AccountSuspended`, its detail as JSON values, and when it happened."""

    name: str
    detail: Mapping[str, Any]
    at: datetime


class BusError(Exception):
    """`count` events were not accepted, or perhaps not; `codes` are the distinct reasons."""

    def __init__(self, count: int, codes: Sequence[str]) -> None:
        self.count = count
        self.codes = tuple(sorted(set(codes)))
        super().__init__(f"{count} events not taken: {', '.join(self.codes)}")


class Bus:
    """Publishes through an interceptor to the bus of this name."""

    def __init__(self, client: Any, name: str, interceptor: Interceptor = passthrough) -> None:
        self._client = client
        self._name = name
        self._interceptor = interceptor

    def publish(self, events: Sequence[Published]) -> None:
        """Publish the events in order, ten a call; BusError after the first call that did not accept all its events."""
        remaining = len(events)
        for batch in batched(events, _MOST_A_CALL, strict=False):
            codes = self._put(batch)
            remaining -= len(batch)
            if codes:
                raise BusError(remaining + len(codes), codes)

    def _put(self, batch: Sequence[Published]) -> list[str]:
        """The error code of each event that was not accepted."""
        entries = [self._entry(event) for event in batch]
        try:
            answer = self._interceptor("put_events", lambda: self._client.put_events(Entries=entries))
        except ClientError as error:
            return [error.response["Error"]["Code"]] * len(batch)
        except BotoCoreError as error:
            return [type(error).__name__] * len(batch)
        return [entry.get("ErrorCode", "Unknown") for entry in answer["Entries"] if "EventId" not in entry]

    def _entry(self, event: Published) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.name,
            "Detail": json.dumps(dict(event.detail), allow_nan=False, separators=(",", ":")),
            "Time": event.at,
        }
