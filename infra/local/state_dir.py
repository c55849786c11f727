"""Where the local bundle keeps what it knows, and that only one runs there at a time."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.bundle import ROOT

STATE_VERSION = "6"
"""Counted up with each change of the stored items that older ones are not read with."""

_LAST_RUN_SAVES_WITHIN = 30.0


class Refused(Exception):
    """The bundle can't start; the message is the one line that says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """`TALLYBOOK_LOCAL_DIR`, or `.local` in the checkout: the cloud's state, the shell variables, the moved clock."""

    folder: Path

    @classmethod
    def of_environment(cls) -> "Place":
        return cls(Path(os.environ.get("TALLYBOOK_LOCAL_DIR") or ROOT / ".local").absolute())

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def assembly(self) -> Path:
        return self.folder / "cdk.out"

    @property
    def env(self) -> Path:
        return self.folder / "env"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def version(self) -> Path:
        return self.folder / "version"

    def take_up(self) -> None:
        """Go on with what is stored there, if this Tallybook can read it."""
        if self.state.exists() and (not self.version.exists() or self.version.read_text() != STATE_VERSION):
            raise Refused("What is stored here is of an older Tallybook: forget it with make reset, then make run")
        self.version.write_text(STATE_VERSION)


@contextmanager
def only_one(place: Place) -> Iterator[int]:
    """Holds the place's lock, and gives the file that holds it; the lock names its process until that ends in order.

    The emulated cloud holds the file too. So after a starter was killed, the next start waits until its state is saved.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(place.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor)
        if os.pread(descriptor, 32, 0):
            print("The last run did not stop cleanly; starting from what it saved last")
        _name(descriptor, str(os.getpid()))
        try:
            yield descriptor
        finally:
            _name(descriptor, "")
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    deadline = time.monotonic() + _LAST_RUN_SAVES_WITHIN
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode()
            if time.monotonic() > deadline or (holder and _lives(int(holder))):
                raise Refused(f"It runs already, as process {holder}: stop that one first") from None
            time.sleep(0.2)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _name(descriptor: int, holder: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, holder.encode(), 0)
