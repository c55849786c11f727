"""`tallybook meter`: run a command on this computer as a session of an account, and report what it uses."""

import os
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from tallybook.cli import settings
from tallybook.cli.api import Platform, Refused, Unreachable
from tallybook.cli.child import Child
from tallybook.cli.lines import Line
from tallybook.cli.measure import BYTES_PER_GB, Measure, adopt_orphans, machine_memory_bytes
from tallybook.cli.reporter import Reporter
from tallybook.cli.session import Session, UsageEvents, Wanted, end_session, open_session
from tallybook.cli.settings import Stop

NOT_FOUND, NOT_RUNNABLE, TIMED_OUT = 127, 126, 124
_FIRST_PAUSE, _LONGEST_PAUSE, _SLOWER = 0.01, 0.25, 1.5
_GRACE_SECONDS = 10.0


def meter(  # noqa: PLR0917 the command line names them
    command: Annotated[list[str], typer.Argument(help="The command and its arguments, after --.")],
    account: Annotated[str, typer.Option(envvar="TALLYBOOK_ACCOUNT_ID", help="Who pays: acc-…")] = "",
    user: Annotated[str, typer.Option(envvar="TALLYBOOK_USER_ID", help="Who runs it: usr-…")] = "",
    cpu_cores: Annotated[float | None, typer.Option(help="The session's cores; unsaid, this machine's.")] = None,
    memory_gb: Annotated[float | None, typer.Option(help="The session's memory; unsaid, this machine's.")] = None,
    storage_gb: Annotated[float | None, typer.Option(help="The session's storage; unsaid, this disk's.")] = None,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds after which the command is stopped.")] = 3600,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between reports.")] = 5.0,
    app: Annotated[str | None, typer.Option(help="The app it runs for.")] = None,
) -> None:
    """Run COMMAND, report its CPU time and memory as usage while it runs, and exit with its exit code.

    Its input, output and errors are its own; signals reach it. It does not get to see the platform key.
    """
    if not shutil.which(command[0]):
        raise Stop(f"{command[0]}: there is no such command", code=NOT_FOUND)
    wanted = Wanted(
        account_id=account or settings.required("TALLYBOOK_ACCOUNT_ID"),
        user_id=user or settings.required("TALLYBOOK_USER_ID"),
        cpu_cores=(os.process_cpu_count() or 1) if cpu_cores is None else cpu_cores,
        memory_gb=_gigabytes(machine_memory_bytes()) if memory_gb is None else memory_gb,
        storage_gb=_gigabytes(shutil.disk_usage(".").total) if storage_gb is None else storage_gb,
        timeout_seconds=timeout,
        app_id=app,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # outside the command TERM is as good as Ctrl-C
    hurry = threading.Event()
    with settings.platform(hurry=hurry) as platform:
        metering = Metering(platform, _opened(platform, wanted), hurry)
        try:
            code = metering.run(command, interval=interval)
        finally:
            metering.finish()
    raise typer.Exit(code)


class Metering:
    """One command in one session, from its start to the last report."""

    def __init__(self, platform: Platform, session: Session, hurry: threading.Event) -> None:
        self._platform = platform
        self._session = session
        self._hurry = hurry
        self._reporter = Reporter(platform)
        self._measure = Measure()
        self._events = UsageEvents(session)
        self._began = time.monotonic()

    def run(self, command: list[str], *, interval: float) -> int:
        """The command's exit code; 126 if the system can't run it, 124 if its time was up."""
        adopt_orphans()
        due, pause = interval, _FIRST_PAUSE
        limit = Limit(self._session.wanted.timeout_seconds)
        with Child() as child:
            try:
                child.start(command, _without_key())
            except OSError as error:
                raise Stop(f"{command[0]}: {error.strerror}", code=NOT_RUNNABLE) from error
            while not child.ended(within=pause):
                self._measure.look(reaped_cpu_seconds=child.reaped_cpu_seconds)
                pause = min(_LONGEST_PAUSE, pause * _SLOWER)
                if self._elapsed >= due:
                    self._report()
                    due = self._elapsed + interval
                limit.enforce(self._measure, self._elapsed)
            self._measure.look(reaped_cpu_seconds=child.reaped_cpu_seconds)
        return TIMED_OUT if limit.was_reached else child.exit_code or 0

    def finish(self) -> None:
        """The last report, the session's end, and a summary. Ctrl-C now means: do not wait for the server."""
        ran = self._elapsed
        self._report()
        unsent = self._last_round()
        if unsent:
            self._hurry.set()  # patience has been had
        ending = self._end()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left is quick, and keeps what was not sent
        self._tell(ran, unsent, ending)

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
                if self._hurry.is_set():
                    return self._reporter.unanswered()
                self._hurry.set()

    def _end(self) -> str:
        try:
            end_session(self._platform, self._session)
        except (Refused, Unreachable) as error:
            return f"could not be ended: {error}"
        except KeyboardInterrupt:
            return "could not be ended: interrupted"
        return "ended"

    def _tell(self, ran: float, unsent: list[Line], ending: str) -> None:
        used = self._measure.totals
        tally = self._reporter.tally
        _say(
            f"session {self._session.id} {ending} after {ran:.1f} s: {used['cpu_seconds']:.3f} CPU seconds and "
            f"{used['ram_gb_seconds']:.3f} GB-seconds of memory in {sum(tally.counts.values()) + len(unsent)} events, "
            f"{tally.summary()}"
        )
        for problem in tally.problems:
            _say(str(problem))
        if unsent:
            file = _keep(unsent, f"tallybook-unsent-{self._session.id}.ndjson")
            _say(f"{len(unsent)} events could not be sent ({self._reporter.trouble}); later: tallybook send {file}")


class Limit:
    """Stops everything that the command started when its time is up: asked first, and after 10 seconds made to."""

    def __init__(self, seconds: float) -> None:
        self._next = seconds
        self.was_reached = False

    def enforce(self, measure: Measure, elapsed: float) -> None:
        if elapsed < self._next:
            return
        measure.stop(by_force=self.was_reached)
        self._next = elapsed + _GRACE_SECONDS
        self.was_reached = True


def _opened(platform: Platform, wanted: Wanted) -> Session:
    try:
        return open_session(platform, wanted)
    except Unreachable as error:
        raise Stop(f"The session could not be opened: {error}") from error
    except Refused as refused:
        reasons = "".join(
            f"; {reason.get('code')}: limit {reason.get('limit')}, current {reason.get('current')}"
            for reason in refused.reasons
        )
        raise Stop(f"The session was refused: {refused.message}{reasons}") from refused


def _keep(lines: list[Line], name: str) -> Path:
    """The events in a file here, or among the temporary ones where this folder can't be written to."""
    content = b"".join(line.event + b"\n" for line in lines)
    for folder in (Path(), Path(tempfile.gettempdir())):
        try:
            (folder / name).write_bytes(content)
        except OSError:
            continue
        return folder / name
    raise Stop("The usage events that could not be sent could not be kept either")


def _without_key() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "TALLYBOOK_PLATFORM_KEY"}


def _gigabytes(size: int) -> float:
    return max(0.001, round(size / BYTES_PER_GB, 3))


def _say(line: str) -> None:
    typer.echo(f"tallybook: {line}", err=True)
