"""A batch of events to the server, until each has its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tallybook.cli.meter.api import Platform, Refused
from tallybook.cli.meter.lines import Line, as_array

PATH = "/v1/platform/events"
RETRY = "retry"
_UNREADABLE = (400, 413)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line's event: accepted, duplicate, conflict or rejected, and why."""

    number: int
    status: str
    reason: str | None = None


def deliver(platform: Platform, batch: Sequence[Line]) -> list[Outcome]:
    """An outcome for each line, in order.

    What the server asks to send again is sent again, with what it was, while patience lasts; then it is `rejected`,
    reason `retry`. A batch that can't be read as a whole is halved until the line that spoils it stands alone.
    """
    outcomes: dict[int, Outcome] = {}
    left = list(batch)
    backoff = platform.backoff()
    while True:
        for outcome in _send(platform, left):
            outcomes[outcome.number] = outcome
        left = [line for line in left if outcomes[line.number].reason == RETRY]
        if not left or not backoff.pause():
            return [outcomes[line.number] for line in batch]


def _send(platform: Platform, batch: Sequence[Line]) -> list[Outcome]:
    try:
        results: Sequence[Any] = platform.post(PATH, as_array(batch)).get("results", ())
    except Refused as refused:
        if refused.status not in _UNREADABLE:
            raise
        if len(batch) == 1:
            return [Outcome(batch[0].number, "rejected", refused.message)]
        middle = len(batch) // 2
        return _send(platform, batch[:middle]) + _send(platform, batch[middle:])
    if len(results) != len(batch):
        raise Refused(200, "The server did not answer for each event")
    return [
        Outcome(line.number, str(result["status"]), result.get("reason"))
        for line, result in zip(batch, results, strict=True)
    ]
