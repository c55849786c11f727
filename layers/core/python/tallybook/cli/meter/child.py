"""A command run in this one's place: the same terminal, the same streams; signals that reach us reach it."""

import os
import select
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

_FORWARDED = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_FROM_THE_KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class Child:
    """Within `with`, signals belong to the command; outside they mean what they always do.

    The command stays in our process group, so that it may use the terminal. There the terminal gives Ctrl-C and
    Ctrl-\\ to it as well as to us, and those are not forwarded a second time.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self.reaped_cpu_seconds = 0.0
        self._pid: int | None = None
        self._early: list[int] = []
        self._before: dict[int, Any] = {}
        self._bell, self._ring = os.pipe()

    def __enter__(self) -> Self:
        os.set_blocking(self._ring, False)
        for number in _FORWARDED:
            self._before[number] = signal.signal(number, self._forward)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, self._wake)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._bell)
        os.close(self._ring)

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """OSError if the system can't run it."""
        self._pid = os.posix_spawnp(command[0], list(command), dict(environment), setsigdef=_IGNORED_BY_PYTHON)
        for number in self._early:
            os.kill(self._pid, number)

    def ended(self, *, within: float) -> bool:
        """Wait that long, or until a child ends, and reap all that have ended; True once the command itself has."""
        if select.select([self._bell], [], [], within)[0]:
            os.read(self._bell, 4096)
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
            self._early.append(number)  # it has come while the command was being started

    def _wake(self, _number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):  # the bell is ringing already
            os.write(self._ring, b".")


def _is_in_foreground() -> bool:
    """Whether a key typed at our terminal is a signal to our whole group."""
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
