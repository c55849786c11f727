"""A real terminal (a pty) for the command: both of its outputs go there, and all that it shows can be read."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """`raw` is what was written, `text` the same without colours and movements of the cursor."""

    def __init__(self) -> None:
        self.raw = ""

    @property
    def text(self) -> str:
        return _ANSI.sub("", self.raw).replace("\r\n", "\n")


@contextmanager
def terminal(columns: int) -> Iterator[Terminal]:
    """During the block, standard output and error of this process are a terminal of that width."""
    shown = Terminal()
    controller, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    chunks: list[bytes] = []
    reader = threading.Thread(target=_read, args=(controller, chunks))
    reader.start()
    before = sys.stdout, sys.stderr
    with open(end, "w", encoding="utf-8", closefd=False) as out, open(end, "w", encoding="utf-8", closefd=False) as err:
        sys.stdout, sys.stderr = out, err
        try:
            yield shown
        finally:
            sys.stdout, sys.stderr = before
    os.close(end)
    reader.join()
    os.close(controller)
    shown.raw = b"".join(chunks).decode()


def _read(controller: int, chunks: list[bytes]) -> None:
    while True:
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # Linux reports the closed end so
            return
        if not chunk:
            return
        chunks.append(chunk)
