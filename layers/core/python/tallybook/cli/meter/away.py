"""Says that the server does not answer, once an outage, and that it answers again."""

import threading

from tallybook.cli.streams import say

_PATIENCE_SECONDS = 3.0


class Away:
    """`asked` and `failed` before and after each attempt without an answer, `answered` after each with one."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._reason = ""
        self._was_said = False

    def asked(self) -> None:
        with self._lock:
            if self._timer is None and not self._was_said:
                self._timer = threading.Timer(_PATIENCE_SECONDS, self._say_so)
                self._timer.daemon = True
                self._timer.start()

    def failed(self, reason: str) -> None:
        with self._lock:
            self._reason = reason

    def answered(self) -> None:
        with self._lock:
            self._reason = ""
            self._cancel()
            if self._was_said:
                self._was_said = False
                say(f"{self._server} answers again")

    def gave_up(self) -> None:
        """The caller says what follows, or asks again."""
        with self._lock:
            self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _say_so(self) -> None:
        with self._lock:
            if self._timer is None:
                return
            self._was_said = True
            say(f"{self._reason or f'{self._server} does not answer'}; still trying")
