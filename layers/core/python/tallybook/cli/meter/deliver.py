"""Delivers a batch of events to the server, until each has its result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tallybook.cli.meter.api import Platform, Refused
from tallybook.cli.meter.lines import Line, as_array
from tallybook.cli.meter.words import refused_value

PATH = "/v1/platform/events"
RETRY = "retry"
_UNREADABLE = (400, 413)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a line's event: accepted, duplicate, conflict or rejected; the reason, and the refused value."""

    number: int
    status: str
    reason: str | None = None
    value: str | None = None


def deliver(platform: Platform, batch: Sequence[Line]) -> list[Outcome]:
    """Send the batch; returns an outcome for each line, in order.

    Events with the reason `retry` are sent again, unchanged, until the retries end; then they stay `rejected` with
    that reason. A batch that the server can't read is halved until the unreadable line is alone.
    """
    outcomes: dict[int, Outcome] = {}
    remaining = list(batch)
    backoff = platform.backoff()
    while True:
        for outcome in _send(platform, remaining):
            outcomes[outcome.number] = outcome
        remaining = [line for line in remaining if outcomes[line.number].reason == RETRY]
        if not remaining or not backoff.pause():
            return [outcomes[line.number] for line in batch]


def _send(platform: Platform, batch: Sequence[Line]) -> list[Outcome]:
    try:
        data = platform.post(PATH, as_array(batch))
    except Refused as refused:
        if refused.status not in _UNREADABLE:
            raise
        if "results" not in refused.data and len(batch) == 1:
            return [Outcome(batch[0].number, "rejected", refused.message)]
        if "results" not in refused.data:
            middle = len(batch) // 2
            return _send(platform, batch[:middle]) + _send(platform, batch[middle:])
        data = refused.data
    results: Sequence[Any] = data.get("results", ())
    if len(results) != len(batch):
        raise Refused(200, "The server did not return a result for each event")
    return [_outcome(line, result) for line, result in zip(batch, results, strict=True)]


def _outcome(line: Line, result: Mapping[str, Any]) -> Outcome:
    reason = result.get("reason")
    return Outcome(line.number, str(result["status"]), reason, refused_value(reason, line.event) if reason else None)
