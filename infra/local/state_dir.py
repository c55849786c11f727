"""The folder of the local bundle's state, and the lock that only one bundle can hold."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from infra.bundle import ROOT
from tallybook.domain.formats import THIS, Release
from tallybook.gateways.private_files import replace_private

_FIRST_FORMAT = ("5", "6")
"""What states of the releases before format 2 have in the file `version`."""

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

    def check_format(self, code: Release = THIS) -> None:
        """Raise CannotStart if the code can't read the stored state; else record the format that it writes."""
        if self.state.exists():
            stored = self.version.read_text() if self.version.exists() else ""
            number = 1 if stored in _FIRST_FORMAT else _number(stored)
            if number not in code.reads:
                older = number < code.reads[0]
                release = "an earlier release that this one can't read" if older else "a later release: use that one"
                raise CannotStart(f"The state is of {release}, or remove it with make reset, then make run")
        replace_private(self.version, f"format {code.writes}".encode())


def _number(version: str) -> int:
    """2 for `format 2`; 0 for the state of a release before the first format."""
    name, _, number = version.partition(" ")
    return int(number) if name == "format" and number.isdecimal() else 0


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
