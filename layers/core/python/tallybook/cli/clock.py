"""`tallybook clock`: show the local bundle's time, and move it ahead."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from tallybook.cli.aws import aws_errors, client, stack_output
from tallybook.cli.context import operator_context
from tallybook.cli.options import AsJson, duration, instant
from tallybook.cli.printing import print_one, print_result
from tallybook.cli.progress import working
from tallybook.cli.stop import Stop
from tallybook.cli.streams import is_terminal, say
from tallybook.domain.errors import Invalid
from tallybook.domain.jobs import JOBS, camel_case
from tallybook.domain.times import stamp
from tallybook.gateways.clock import Clock
from tallybook.gateways.jobs import JobFailed, Jobs
from tallybook.services.jobs.advance_clock import Call, advance_clock

_POLL_SECONDS = 0.1
_STUCK_AFTER_SECONDS = 60.0

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Show the local bundle's time, and move it ahead.")


@app.command()
def show(as_json: AsJson = False) -> None:
    """The bundle's time, and how many seconds it is ahead of real time."""
    with _clock() as clock:
        row = {"now": stamp(clock.now()), "ahead_seconds": clock.ahead().total_seconds()}
    print_one(row, as_json=as_json)


@app.command()
def advance(
    by: Annotated[timedelta, typer.Argument(parser=duration, metavar="DURATION", help="90s, 15m, 6h or 31d.")],
    as_json: AsJson = False,
) -> None:
    """Move the clock ahead by a duration, and call each job when its work is due."""
    with _clock() as clock:
        try:
            to = clock.now() + by
        except OverflowError as error:
            raise Invalid("The clock can't be moved that far") from error
        _move(clock, to, as_json=as_json)


@app.command("set")
def set_(
    to: Annotated[datetime, typer.Argument(parser=instant, metavar="TIME", help="Like 2026-05-01T00:00:00Z.")],
    as_json: AsJson = False,
) -> None:
    """Move the clock ahead to an instant, and call each job when its work is due."""
    with _clock() as clock:
        _move(clock, to, as_json=as_json)


def _move(clock: Clock, to: datetime, *, as_json: bool) -> None:
    start = clock.now()
    calls = []
    with operator_context() as ctx, aws_errors(), working(f"Moving the clock to {stamp(to)}"):
        jobs = Jobs(client("lambda"), {job.name: stack_output(f"{camel_case(job.name)}Function") for job in JOBS})
        for call in advance_clock(ctx, to, move=clock.move_to, call=jobs.call, settle=_settle):
            calls.append(call)
            if is_terminal(sys.stderr):
                say(f"{stamp(call.at)}  {call.job}: {_outcome(call.answer)}")
    row = {
        "from": stamp(start),
        "now": stamp(clock.now()),
        "calls": [{"job": call.job, "at": stamp(call.at), "answer": call.answer} for call in calls],
    }
    print_result(f"It is {row['now']}; {_summary(calls)}", row, as_json=as_json)


def _settle(job: str, left: Callable[[], int]) -> None:
    """Wait until no task is left; JobFailed if the number does not fall for a minute."""
    before, since = left(), time.monotonic()
    while before:
        time.sleep(_POLL_SECONDS)
        now = left()
        if now < before:
            since = time.monotonic()
        elif time.monotonic() - since > _STUCK_AFTER_SECONDS:
            raise JobFailed(f"The job {job} does not finish {now} tasks: tallybook invoices run prints the reason")
        before = now


@contextmanager
def _clock() -> Iterator[Clock]:
    """The clock of TALLYBOOK_CLOCK_FILE. A file that can't be read, or a failed job, ends the command with one line."""
    file = os.environ.get("TALLYBOOK_CLOCK_FILE")
    if not file:
        raise Stop("Only the clock of the local bundle can be moved (source .local/env)")
    try:
        yield Clock(Path(file))
    except (OSError, ValueError) as error:
        raise Stop(f"{file}: {error}") from error
    except JobFailed as failed:
        raise Stop(f"{failed}; the clock stopped where the job was called") from failed


def _outcome(answer: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {count}" for name, count in answer.items()) or "nothing done"


def _summary(calls: list[Call]) -> str:
    counts = Counter(call.job for call in calls)
    return ", ".join(f"calls of {job}: {count}" for job, count in counts.items()) or "nothing was due"
