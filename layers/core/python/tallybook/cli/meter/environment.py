"""Keeps the secrets of the environment from a metered command.

The command gets an environment without them. Its user could also read the environment of the meter, in `/proc` or with
`ps`, where the kernel shows what a process was started with. So before anything else, the meter starts itself again,
in the same process, without the secrets, and hands them to itself over a pipe.

Standard library only, because it runs before the other modules are imported.
"""

import json
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from ctypes import CDLL

from tallybook.cli.stop import Stop

_HANDOVER = "TALLYBOOK_HANDOVER"
_PREFIXES = ("TALLYBOOK_", "AWS_")
_HARMLESS = ("TALLYBOOK_URL", "TALLYBOOK_ACCOUNT_ID", "TALLYBOOK_USER_ID", "AWS_REGION", "AWS_DEFAULT_REGION")
_ROOM = 16 * 1024
"""Bytes that a pipe takes on every system before anyone reads."""

_PR_SET_DUMPABLE = 4
_FAILED = 125

_hidden: list[bool] = []


def hide_secrets() -> None:
    """Take the secrets out of the environment that the system shows of this process; `os.environ` still has them.

    On Linux, other processes of the user can't read this one's memory either, unless the user is root. Stop if another
    program handed something over: it could bring variables, and keep the secrets where they are.
    """
    handed_over = os.environ.pop(_HANDOVER, None)
    if handed_over is not None:
        try:
            os.environ.update(_receive(handed_over))
        except (OSError, ValueError) as error:
            raise Stop(f"{_HANDOVER} is set, but only this command may set it: unset it", code=_FAILED) from error
    elif secrets := {name: value for name, value in os.environ.items() if _is_secret(name)}:
        _start_again(secrets)
    if sys.platform == "linux":
        CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _hidden.append(True)


def require_hidden_secrets() -> None:
    """Stop if this process never hid the secrets, because a program of another name called the command."""
    if not _hidden:
        message = "meter runs only as a program of its own: tallybook meter, or python -m tallybook.cli"
        raise Stop(message, code=_FAILED)


def command_environment(passed: Sequence[str]) -> Mapping[str, str]:
    """The environment without secrets, but with the variables that are `passed` by name; Stop if one is not set."""
    for name in passed:
        if name not in os.environ:
            raise Stop(f"--env {name}: it is not set", code=2)
    return {name: value for name, value in os.environ.items() if name in passed or not _is_secret(name)}


def _is_secret(name: str) -> bool:
    """Variables of Tallybook and AWS are taken for secrets, unless they are known as harmless."""
    return name.startswith(_PREFIXES) and name not in _HARMLESS


def _start_again(secrets: Mapping[str, str]) -> None:
    content = json.dumps(secrets).encode()
    if len(content) > _ROOM:
        raise Stop(f"The TALLYBOOK_ and AWS_ variables of the environment have more than {_ROOM} bytes", code=_FAILED)
    read, write = os.pipe()
    os.write(write, content)
    os.close(write)
    os.set_inheritable(read, True)
    rest = {name: value for name, value in os.environ.items() if name not in secrets}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], rest | {_HANDOVER: f"{os.getpid()}:{read}"})  # noqa: S606 itself, without a shell


def _receive(handed_over: str) -> dict[str, str]:
    """The secrets that this process wrote before it started itself again. OSError or ValueError if it did not."""
    pid, _, descriptor = handed_over.partition(":")
    if pid != str(os.getpid()) or any(_is_secret(name) for name in os.environ):
        raise ValueError("another process made it")
    number = int(descriptor)
    if not stat.S_ISFIFO(os.fstat(number).st_mode):
        raise ValueError("it is no pipe")
    os.set_blocking(number, False)  # our own pipe is closed at its other end, so there is no wait
    with open(number, "rb") as pipe:
        received = json.loads(pipe.read() or b"")
    if not isinstance(received, dict) or not all(
        _is_secret(name) and isinstance(value, str) for name, value in received.items()
    ):
        raise ValueError("it is more than secrets")
    return received
