"""`tallybook send`: send a file of usage events. Sending it twice counts it once."""

import json
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import Progress

from tallybook.cli.meter import settings
from tallybook.cli.meter.api import Platform, Refused, Unreachable
from tallybook.cli.meter.deliver import Outcome, deliver
from tallybook.cli.meter.lines import BadLine, Line, batches, read_lines
from tallybook.cli.meter.tally import Tally
from tallybook.cli.options import AsJson
from tallybook.cli.stop import Stop

_IN_FLIGHT = 4


def send(
    file: Annotated[Path, typer.Argument(help="CloudEvents, one JSON text a line; - reads standard input.")],
    as_json: AsJson = False,
) -> None:
    """Send a file of CloudEvents. An event that was counted before is a duplicate and is not counted again.

    The exit code is 0 if no event was rejected or in conflict, else 1.
    """
    stop_retries = threading.Event()
    with settings.platform(stop_retries=stop_retries) as platform, _open(file) as stream, _progress(file) as progress:
        sending = Sending(platform, stop_retries, progress)
        stopped = sending.run(stream)
    if as_json:
        typer.echo(json.dumps({**sending.tally.as_json(), "stopped": stopped}, allow_nan=False))
    else:
        typer.echo("\n".join([sending.tally.summary(), *map(str, sending.tally.problems)]))
    if stopped:
        raise Stop(f"{stopped}; not all events were sent. Send the file again: no event is counted twice")
    if not sending.tally.is_clean:
        raise typer.Exit(1)


class Sending:
    """Sends a stream with a few batches in flight, and tallies the results."""

    def __init__(self, platform: Platform, stop_retries: threading.Event, progress: Progress) -> None:
        self.tally = Tally()
        self._platform = platform
        self._stop_retries = stop_retries
        self._progress = progress
        self._in_flight: deque[tuple[Future[list[Outcome]], int]] = deque()

    def run(self, stream: BinaryIO) -> str | None:
        """Send the whole stream; returns the reason if it had to stop early."""
        stopped: str | None = None
        with ThreadPoolExecutor(_IN_FLIGHT) as pool:
            try:
                for batch in batches(self._sendable(read_lines(stream))):
                    self._in_flight.append((pool.submit(deliver, self._platform, batch), batch[-1].end))
                    if len(self._in_flight) > _IN_FLIGHT:
                        self._complete_next()
                while self._in_flight:
                    self._complete_next()
            except (Refused, Unreachable) as error:
                stopped = str(error)
            except KeyboardInterrupt:
                stopped = "Interrupted"
            self._stop_retries.set()
            while self._in_flight:
                self._complete_or_drop()
        return stopped

    def _sendable(self, lines: Iterable[Line | BadLine]) -> Iterator[Line]:
        for line in lines:
            if isinstance(line, BadLine):
                self.tally.add(Outcome(line.number, "rejected", line.reason))
            else:
                yield line

    def _complete_next(self) -> None:
        future, end = self._in_flight[0]
        outcomes = future.result()
        self._in_flight.popleft()
        for outcome in outcomes:
            self.tally.add(outcome)
        for task in self._progress.task_ids:
            self._progress.update(task, completed=end)

    def _complete_or_drop(self) -> None:
        """After the first failure, count the batches that succeeded, and ignore the others."""
        if self._in_flight[0][0].exception() is None:
            self._complete_next()
        else:
            self._in_flight.popleft()


@contextmanager
def _open(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        raise Stop(f"{file}: {error.strerror}") from error
    with stream:
        yield stream


@contextmanager
def _progress(file: Path) -> Iterator[Progress]:
    """A progress bar on standard error if that is a terminal; without a total if the size is unknown."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        progress.add_task(f"Sending {file.name}", total=file.stat().st_size if file.is_file() else None)
        yield progress
