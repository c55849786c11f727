"""The folder of the local bundle's state, and the lock that only one bundle can hold."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.bundle import ROOT
from tallybook.gateways.private_files import replace_private

STATE_VERSION = "6"
"""Increment it with each change of the stored items that makes older ones unreadable."""

_LAST_RUN_SAVE_SECONDS = 30.0


class CannotStart(Exception):
    """The bundle can't start; the message is one line with the reason."""


class StateDir:
    """`TALLYBOOK_LOCAL_DIR`, or `.local` in the checkout: the cloud's state, the shell variables, the moved clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.assembly = folder / "cdk.out"
        self.env = folder / "env"
        self.clock = folder / "clock"
        self.lock = folder / "lock"
        self.version = folder / "version"

    @classmethod
    def from_environment(cls) -> "StateDir":
        return cls(Path(os.environ.get("TALLYBOOK_LOCAL_DIR") or ROOT / ".local").absolute())

    def check_version(self) -> None:
        """Raise CannotStart if the stored state is of another version; else record the version."""
        if self.state.exists() and (not self.version.exists() or self.version.read_text() != STATE_VERSION):
            raise CannotStart(
                "The stored state is of another version of Tallybook: remove it with make reset, then make run"
            )
        replace_private(self.version, STATE_VERSION.encode())


def make_private(folder: Path) -> None:
    """Let only the owner read the folder and all that is in it."""
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # the cloud of a killed bundle may still replace its temporary files
            if not path.is_symlink() and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
                path.chmod(mode & 0o700)


@contextmanager
def exclusive(state_dir: StateDir) -> Iterator[int]:
    """Hold the lock file, which contains our process id until a clean end; yields its descriptor.

    The emulated cloud inherits the descriptor. So after a bundle was killed, the next start waits until the cloud has
    saved its state.
    """
    state_dir.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(state_dir.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        if os.pread(descriptor, 32, 0):
            print("The last run did not stop cleanly; starting from its last saved state")
        _write_holder(descriptor, str(os.getpid()))
        try:
            yield descriptor
        finally:
            _write_holder(descriptor, "")
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + _LAST_RUN_SAVE_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode()
            if time.monotonic() > deadline or (holder and _is_running(int(holder))):
                raise CannotStart(f"The bundle runs already, as process {holder}: stop that one first") from None
            time.sleep(0.2)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_holder(descriptor: int, holder: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, holder.encode(), 0)
