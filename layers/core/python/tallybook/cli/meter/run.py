"""Runs one command in one session, reports its usage while it runs, and ends the session after the last report."""

import signal
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from tallybook.cli.meter.api import Platform, Refused, Unreachable
from tallybook.cli.meter.child import NOT_FOUND, NOT_RUNNABLE, Child
from tallybook.cli.meter.lines import Line
from tallybook.cli.meter.measure import Measure, adopt_orphans
from tallybook.cli.meter.reporter import Reporter
from tallybook.cli.meter.session import Session, UsageEvents, end_session
from tallybook.cli.stop import Stop
from tallybook.cli.streams import say
from tallybook.gateways.private_files import replace_private

_TIMED_OUT = 124
_FIRST_PAUSE, _LONGEST_PAUSE, _SLOWER = 0.01, 0.25, 1.5
_GRACE_SECONDS = 10.0


class Metering:
    """One metered command, from its start to the end of its session."""

    def __init__(self, platform: Platform, session: Session, stop_retries: threading.Event) -> None:
        self._platform = platform
        self._session = session
        self._stop_retries = stop_retries
        self._reporter = Reporter(platform)
        self._measure = Measure()
        self._events = UsageEvents(session)
        self._began = time.monotonic()

    def run(self, command: list[str], environment: Mapping[str, str], *, interval: float, timeout: float) -> int:
        """The command's exit code; 126 if the system can't run it, 124 after its timeout."""
        adopt_orphans()
        due, pause = interval, _FIRST_PAUSE
        limit = Limit(timeout)
        with Child() as child:
            try:
                child.start(command, environment)
            except OSError as error:
                missing = isinstance(error, FileNotFoundError)  # it, or the interpreter that its first line names
                raise Stop(f"{command[0]}: {error.strerror}", code=NOT_FOUND if missing else NOT_RUNNABLE) from error
            self._measure.sample(reaped_cpu_seconds=0)
            while not child.ended(within=pause):
                self._measure.sample(reaped_cpu_seconds=child.reaped_cpu_seconds)
                pause = min(_LONGEST_PAUSE, pause * _SLOWER)
                if self._elapsed >= due:
                    self._report()
                    due = self._elapsed + interval
                limit.enforce(self._measure, self._elapsed)
            self._measure.sample(reaped_cpu_seconds=child.reaped_cpu_seconds)
        return _TIMED_OUT if limit.was_reached else child.exit_code or 0

    def finish(self) -> None:
        """Send the last report, end the session, and print a summary. Ctrl-C now stops waiting for the server."""
        ran = self._elapsed
        self._report()
        unsent = self._last_round()
        if unsent:
            self._stop_retries.set()  # the last round of retries is over
        ending = self._end()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the rest is quick, and must save the unsent events
        self._summarize(ran, unsent, ending)

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _report(self) -> None:
        self._reporter.add(self._events.since(self._measure.totals, elapsed=self._elapsed))

    def _last_round(self) -> list[Line]:
        while True:
            try:
                return self._reporter.finish()
            except KeyboardInterrupt:
                if self._stop_retries.is_set():
                    return self._reporter.unanswered()
                self._stop_retries.set()

    def _end(self) -> str:
        try:
            end_session(self._platform, self._session)
        except (Refused, Unreachable) as error:
            return f"could not be ended: {error}"
        except KeyboardInterrupt:
            return "could not be ended: interrupted"
        return "ended"

    def _summarize(self, ran: float, unsent: list[Line], ending: str) -> None:
        used = self._measure.totals
        tally = self._reporter.tally
        say(
            f"session {self._session.id} {ending} after {ran:.1f} s: {used['cpu_seconds']:.3f} CPU seconds and "
            f"{used['ram_gb_seconds']:.3f} GB-seconds of memory; events: {tally.summary()}"
        )
        for problem in tally.problems:
            say(str(problem))
        if unsent:
            file = _save(unsent, f"tallybook-unsent-{self._session.id}.ndjson")
            later = f"later: tallybook send {file}" if file else "they could not be saved either"
            say(f"{len(unsent)} events could not be sent ({self._reporter.last_error}); {later}")


class Limit:
    """Stops the command and its descendants after the timeout: TERM first, KILL 10 seconds later."""

    def __init__(self, seconds: float) -> None:
        self._next = seconds
        self.was_reached = False

    def enforce(self, measure: Measure, elapsed: float) -> None:
        if elapsed < self._next:
            return
        measure.stop(by_force=self.was_reached)
        self._next = elapsed + _GRACE_SECONDS
        self.was_reached = True


def _save(lines: list[Line], name: str) -> Path | None:
    """Write the events to a file in the current folder, or in the temporary folder; None if both fail."""
    content = b"".join(line.event + b"\n" for line in lines)
    for folder in (Path(), Path(tempfile.gettempdir())):
        try:
            replace_private(folder / name, content)
        except OSError:
            continue
        return folder / name
    return None
