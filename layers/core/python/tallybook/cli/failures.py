"""Turns the error that ended a command into lines for people, an object for programs, and an exit status.

1    refused, or failed
2    the command line or a setting is wrong
70   a defect; the line names the file with the full report
125  of `meter`: its own failure, because 1 and 2 may be the command's
130  Ctrl-C
141  nobody reads the output any more
"""

import json
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer

from tallybook.cli.masking import mask
from tallybook.cli.stop import INTERRUPTED, ClosedPipe, Stop
from tallybook.cli.streams import drop_output, say, write
from tallybook.domain.errors import Failed, Invalid, TallybookError, Unavailable
from tallybook.gateways.private_files import new_private

DEFECT, WRAPPER_FAILED, CLOSED_PIPE = 70, 125, 141
_WRONG_USE = 2
_LONGEST = 300


def report_failure(error: BaseException, arguments: Sequence[str]) -> int:
    """Say what went wrong, and with `--json` print it as one object; returns the exit status."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED
        case ClosedPipe() | BrokenPipeError():
            drop_output()
            return CLOSED_PIPE
        case Stop():
            shown: TallybookError = (Invalid if error.code == _WRONG_USE else Unavailable)(error.message)
            code = error.code
        case TallybookError():
            shown, code = error, 1
            if isinstance(error, Unavailable | Failed) and error.__cause__ is not None:
                shown = type(error)(f"{error.message} ({_one_line(error.__cause__)})", code=error.code)
        case typer.TyperException():
            shown, code = Invalid(_usage_message(error)), error.exit_code
        case _:
            where = _write_report(error, arguments)
            shown, code = Failed(f"{type(error).__name__}: {_one_line(error)}. This is a defect; {where}"), DEFECT
    say(mask(shown.message))
    if _wants_json(arguments):
        _print_json(shown, problems=getattr(error, "problems", ()))
    if is_meter(arguments) and code in (1, _WRONG_USE, DEFECT):
        return WRAPPER_FAILED
    return code


def is_meter(arguments: Sequence[str]) -> bool:
    """Whether they run another command, whose environment, output and arguments are not ours."""
    return arguments[:1] == ["meter"]


def _wants_json(arguments: Sequence[str]) -> bool:
    return not is_meter(arguments) and "--json" in arguments


def _print_json(error: TallybookError, *, problems: Sequence[str]) -> None:
    """The fields of an error of the API, with a catalog's problems one by one."""
    from tallybook.gateways.clock import Clock  # noqa: PLC0415 only a failure needs them
    from tallybook.wire.scalebox.envelope import error as present  # noqa: PLC0415

    body: dict[str, Any] = dict(present(error, at=Clock().now()).body)
    body["message"] = mask(error.message)
    if problems:
        body["errors"] = list(problems)
    try:
        write(json.dumps(body, allow_nan=False))
    except (ClosedPipe, Stop):
        drop_output()


def _usage_message(error: typer.TyperException) -> str:
    ctx = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split()) or "a command is missing"
    return f"{message}\nsee {ctx.command_path} --help" if ctx is not None else message


def _one_line(error: BaseException) -> str:
    """The start of the error's text; its name if it has none."""
    text = " ".join(mask(str(error)).split()) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _write_report(error: BaseException, arguments: Sequence[str]) -> str:
    """Where the full report was written, which only the user may read."""
    own = [*arguments]
    if is_meter(own) and "--" in own:
        own = own[: own.index("--")]
    text = "\n".join(
        [
            f"python {sys.version.split()[0]} on {sys.platform}",
            f"tallybook {' '.join(own)}",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    try:
        name = new_private(mask(text).encode(errors="backslashreplace"), prefix="tallybook-report-", suffix=".txt")
    except OSError as problem:
        return f"the full report could not be written: {problem.strerror}"
    return f"the full report is in {name}"
