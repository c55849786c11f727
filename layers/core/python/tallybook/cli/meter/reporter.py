"""Sends usage events to the server in a background thread."""

import threading
from collections.abc import Iterable

from tallybook.cli.meter.api import Platform, Refused, Unreachable
from tallybook.cli.meter.deliver import RETRY, deliver
from tallybook.cli.meter.lines import Line, batches
from tallybook.cli.meter.tally import Tally


class Reporter:
    """Sends events in order, each again and again until it has a result.

    While the command runs, retries never end. `finish` starts one last round of retries for the remaining events.
    """

    def __init__(self, platform: Platform) -> None:
        self.tally = Tally()
        self.last_error: str | None = None
        self._platform = platform
        self._waiting: list[Line] = []
        self._finishing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
        self._thread.start()

    def add(self, lines: Iterable[Line]) -> None:
        with self._changed:
            self._waiting += lines
            self._changed.notify()

    def finish(self) -> list[Line]:
        """Send the remaining events; returns those that could not be sent; the reason is in `last_error`."""
        with self._changed:
            self._finishing = True
            self._changed.notify()
        self._thread.join()
        return self.unanswered()

    def unanswered(self) -> list[Line]:
        with self._changed:
            return list(self._waiting)

    def _run(self) -> None:
        last_round = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._finishing)
                if not self._waiting or last_round:
                    return
                last_round = self._finishing
                batch = next(batches(self._waiting))
            if self._send(batch):
                last_round = False

    def _send(self, batch: list[Line]) -> bool:
        """Send a batch, and keep the events without a final result; True if any event got one."""
        try:
            outcomes = deliver(self._platform, batch)
        except Unreachable as error:
            self.last_error = str(error)
            return False
        except Refused as error:
            self.last_error = error.message
            with self._changed:
                self._changed.wait_for(lambda: self._finishing)  # a retry would be refused too
            return False
        answered = [outcome for outcome in outcomes if outcome.reason != RETRY]
        for outcome in answered:
            self.tally.add(outcome)
        if len(answered) < len(batch):
            self.last_error = "the server asked to send them later"
        done = {outcome.number for outcome in answered}
        with self._changed:
            self._waiting = [line for line in self._waiting if line.number not in done]
        return bool(answered)
