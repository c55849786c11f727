"""A child process that has our terminal and streams, and gets the signals that we get."""

import os
import select
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

from tallybook.cli.stop import Stop

_FORWARDED = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_FROM_THE_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


NOT_RUNNABLE, NOT_FOUND = 126, 127


def check_command(name: str) -> None:
    """Stop, with the status that a shell has, if there is no such command or it is not executable."""
    if shutil.which(name):
        return
    folders = [""] if os.path.dirname(name) else os.get_exec_path()
    places = [os.path.join(folder, name) for folder in folders]
    if name and any(os.path.isfile(place) or (folders == [""] and os.path.exists(place)) for place in places):
        reason = "Is a directory" if os.path.isdir(places[0]) else "Permission denied"
        raise Stop(f"{name}: {reason}", code=NOT_RUNNABLE)
    raise Stop(f"{name}: there is no such command", code=NOT_FOUND)


class Child:
    """Inside the `with` block, signals are forwarded to the command; outside, they have their usual effect.

    The command stays in our process group, so that it can use the terminal. The terminal sends Ctrl-C and Ctrl-\\
    to the whole group, so these are not forwarded a second time.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.reaped_cpu_seconds = 0.0
        self._pid: int | None = None
        self._early_signals: list[int] = []
        self._before: dict[int, Any] = {}
        self._wake_read, self._wake_write = os.pipe()

    def __enter__(self) -> Self:
        os.set_blocking(self._wake_write, False)
        for number in _FORWARDED:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # by nohup or the shell, so that the command ignores it too
            self._before[number] = signal.signal(number, self._forward)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, self._wake)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """OSError if the system can't run the command."""
        self._pid = os.posix_spawnp(command[0], list(command), dict(environment), setsigdef=_IGNORED_BY_PYTHON)
        for number in self._early_signals:
            os.kill(self._pid, number)

    def ended(self, *, within: float) -> bool:
        """Wait for `within` seconds or until a child ends, and reap ended children; True once the command has ended."""
        if select.select([self._wake_read], [], [], within)[0]:
            os.read(self._wake_read, 4096)
        while self._reap():
            pass
        return self.exit_code is not None

    def _reap(self) -> bool:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        self.reaped_cpu_seconds += usage.ru_utime + usage.ru_stime if pid else 0
        if pid == self._pid:
            code = os.waitstatus_to_exitcode(status)
            self.exit_code = code if code >= 0 else 128 - code
            self._pid = None
        return pid != 0

    def _forward(self, number: int, _: FrameType | None) -> None:
        if number in _FROM_THE_KEYBOARD and _is_in_foreground():
            return
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)
        elif self.exit_code is None:
            self._early_signals.append(number)  # it arrived while the command was being started

    def _wake(self, _number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):  # the pipe is full: a wake-up is pending already
            os.write(self._wake_write, b".")


def _is_in_foreground() -> bool:
    """Whether the terminal sends its signals to our process group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
