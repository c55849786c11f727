"""`tallybook send`: send a file of usage events. Sending it twice counts it once."""

import json
import math
import sys
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.progress import Progress

from tallybook.cli.masking import mask
from tallybook.cli.meter import settings
from tallybook.cli.meter.api import Platform, Refused, Unreachable
from tallybook.cli.meter.deliver import Outcome, deliver
from tallybook.cli.meter.lines import BadLine, Line, batches, read_lines
from tallybook.cli.meter.tally import Tally
from tallybook.cli.options import AsJson
from tallybook.cli.progress import progress_bar
from tallybook.cli.stop import INTERRUPTED, Stop
from tallybook.cli.streams import say, write
from tallybook.cli.text_files import plain_text

_IN_FLIGHT = 4
_LAST_ANSWERS_SECONDS = 0.15


def send(
    file: Annotated[Path, typer.Argument(help="CloudEvents, one JSON text a line; - reads standard input.")],
    as_json: AsJson = False,
) -> None:
    """Send a file of CloudEvents. An event that was counted before is a duplicate and is not counted again.

    The file may be gzip or UTF-16. The exit code is 0 if no event was rejected or in conflict, else 1; 130 after
    Ctrl-C.
    """
    stop_retries = threading.Event()
    with settings.platform(stop_retries=stop_retries) as platform, _open(file) as stream, _progress(file) as progress:
        sending = Sending(platform, stop_retries, progress)
        stopped = sending.run(stream)
    name = "standard input" if str(file) == "-" else str(file)
    if not stopped and not any(sending.tally.counts.values()):
        say(f"{name} is empty: it has no events")
    if as_json:
        write(json.dumps({**sending.tally.as_json(), "stopped": stopped}, allow_nan=False))
    else:
        write("\n".join([sending.tally.summary(), *map(str, sending.tally.problems)]))
    if stopped:
        again = "the same input" if str(file) == "-" else "the file"
        say(mask(f"{stopped}; not all events were sent. Send {again} again: no event is counted twice"))
        raise typer.Exit(INTERRUPTED if sending.was_interrupted else 1)
    if not sending.tally.is_clean:
        raise typer.Exit(1)


class Sending:
    """Sends a stream with a few batches in flight, and tallies the results."""

    def __init__(self, platform: Platform, stop_retries: threading.Event, progress: Progress) -> None:
        self.tally = Tally()
        self.was_interrupted = False
        self._platform = platform
        self._stop_retries = stop_retries
        self._progress = progress
        self._in_flight: deque[tuple[Future[list[Outcome]], int]] = deque()

    def run(self, stream: BinaryIO) -> str | None:
        """Send the whole stream; returns the reason if it had to stop early."""
        stopped: str | None = None
        try:
            for batch in batches(self._sendable(read_lines(stream))):
                self._in_flight.append((_start(partial(deliver, self._platform, batch)), batch[-1].end))
                if len(self._in_flight) > _IN_FLIGHT:
                    self._complete_next()
            while self._in_flight:
                self._complete_next()
        except (Refused, Unreachable) as error:
            is_key_wrong = isinstance(error, Refused) and error.status in (401, 403)
            stopped = f"{error}: check TALLYBOOK_PLATFORM_KEY" if is_key_wrong else str(error)
        except (OSError, EOFError, zlib.error, UnicodeError) as error:
            stopped = f"The input can't be read to its end: {error}"
        except KeyboardInterrupt:
            stopped, self.was_interrupted = "Interrupted", True
        self._stop_retries.set()
        ends = time.monotonic() + _LAST_ANSWERS_SECONDS if self.was_interrupted else math.inf
        while self._in_flight:
            self._complete_or_drop(within=ends - time.monotonic())
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

    def _complete_or_drop(self, *, within: float) -> None:
        """After the first failure, count the batches that succeeded, and ignore the others."""
        try:
            failed = self._in_flight[0][0].exception(None if within == math.inf else max(within, 0))
        except TimeoutError:
            failed = TimeoutError()
        if failed is None:
            self._complete_next()
        else:
            self._in_flight.popleft()


def _start(call: Callable[[], list[Outcome]]) -> Future[list[Outcome]]:
    """Run the call in a thread that the end of the process does not wait for: a request may last for a minute."""
    future: Future[list[Outcome]] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="send", daemon=True).start()
    return future


@contextmanager
def _open(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        if sys.stdin is None:
            raise Stop("standard input is closed")
        yield _plain(sys.stdin.buffer, name="standard input")
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        raise Stop(f"{file}: {error.strerror}") from error
    with stream:
        yield _plain(stream, name=str(file))


def _plain(stream: Any, *, name: str) -> BinaryIO:
    try:
        return plain_text(stream, name=name, found=lambda format: say(f"{name} is {format}; its lines are read"))
    except (OSError, EOFError, zlib.error) as error:
        raise Stop(f"{name} can't be read: {error}") from error


@contextmanager
def _progress(file: Path) -> Iterator[Progress]:
    """A progress bar on standard error if that is a terminal; without a total if the size is unknown."""
    with progress_bar() as progress:
        is_plain = file.is_file() and file.suffix != ".gz"
        progress.add_task(f"Sending {file.name}", total=file.stat().st_size if is_plain else None)
        yield progress
