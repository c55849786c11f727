"""`tallybook clock`: the time of the local bundle, told and moved ahead."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tallybook.cli.aws import aws_errors, client, output
from tallybook.cli.options import AsJson, duration, instant
from tallybook.cli.show import print_result, show_one
from tallybook.cli.stop import Stop
from tallybook.cli.tables import tables
from tallybook.domain.errors import Invalid
from tallybook.domain.jobs import JOBS, camel_case
from tallybook.domain.times import stamp
from tallybook.gateways.clock import Clock
from tallybook.gateways.jobs import JobFailed, Jobs
from tallybook.services.jobs.advance_clock import Call, advance_clock

_POLL_SECONDS = 0.1
_STUCK_AFTER_SECONDS = 60.0

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The local bundle's time, which can be moved ahead.")


@app.command()
def show(as_json: AsJson = False) -> None:
    """What time it is for the bundle, and by how many seconds that is ahead of the world's."""
    with _clock() as clock:
        row = {"now": stamp(clock.now()), "ahead_seconds": clock.ahead().total_seconds()}
    show_one(row, as_json=as_json)


@app.command()
def advance(
    by: Annotated[timedelta, typer.Argument(parser=duration, metavar="DURATION", help="90s, 15m, 6h or 31d.")],
    as_json: AsJson = False,
) -> None:
    """Let so much time go by: each job is called when its work is due."""
    with _clock() as clock:
        try:
            to = clock.now() + by
        except OverflowError as error:
            raise Invalid("The clock does not go that far") from error
        _go(clock, to, as_json=as_json)


@app.command("set")
def set_(
    to: Annotated[datetime, typer.Argument(parser=instant, metavar="TIME", help="Like 2026-05-01T00:00:00Z.")],
    as_json: AsJson = False,
) -> None:
    """Let time go by until then: each job is called when its work is due."""
    with _clock() as clock:
        _go(clock, to, as_json=as_json)


def _go(clock: Clock, to: datetime, *, as_json: bool) -> None:
    start = clock.now()
    calls = []
    console = Console(stderr=True)
    with tables() as ctx, aws_errors(), console.status(f"On the way to {stamp(to)}"):
        jobs = Jobs(client("lambda"), {job.name: output(f"{camel_case(job.name)}Function") for job in JOBS})
        for call in advance_clock(ctx, to, move=clock.move_to, call=jobs.call, settle=_settle):
            calls.append(call)
            if console.is_terminal:
                console.print(f"{stamp(call.at)}  {call.job}: {_outcome(call.answer)}", highlight=False, markup=False)
    row = {
        "from": stamp(start),
        "now": stamp(clock.now()),
        "calls": [{"job": call.job, "at": stamp(call.at), "answer": call.answer} for call in calls],
    }
    print_result(f"It is {row['now']}; {_summary(calls)}", row, as_json=as_json)


def _settle(job: str, left: Callable[[], int]) -> None:
    """Wait until nothing is left, as long as it gets less."""
    before, since = left(), time.monotonic()
    while before:
        time.sleep(_POLL_SECONDS)
        now = left()
        if now < before:
            since = time.monotonic()
        elif time.monotonic() - since > _STUCK_AFTER_SECONDS:
            raise JobFailed(f"The job {job} gets no further with {now} of its tasks: tallybook invoices run tells why")
        before = now


@contextmanager
def _clock() -> Iterator[Clock]:
    """The clock in the file of the environment; what keeps it from being read, or a job from its end, is one line."""
    file = os.environ.get("TALLYBOOK_CLOCK_FILE")
    if not file:
        raise Stop("Only the local bundle has a clock to move (source .local/env); a deployed one has the world's time")
    try:
        yield Clock(Path(file))
    except (OSError, ValueError) as error:
        raise Stop(f"{file}: {error}") from error
    except JobFailed as failed:
        raise Stop(f"{failed}; the clock stands where it was called") from failed


def _outcome(answer: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {count}" for name, count in answer.items()) or "nothing to tell"


def _summary(calls: list[Call]) -> str:
    counts = Counter(call.job for call in calls)
    return ", ".join(f"calls of {job}: {count}" for job, count in counts.items()) or "nothing was due"
