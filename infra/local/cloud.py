"""The emulated cloud: ministack, a process of its own, bound to this computer's loopback."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / ".local" / "ministack" / "bin" / "ministack"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
}
_START_SECONDS = 20.0
_STOP_SECONDS = 20.0


@contextmanager
def ministack(
    state_dir: Path | None = None, *, log: Path | None = None, extra: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Its URL while it runs. With `state_dir` what it holds is kept there on a graceful stop, else in memory only.

    `extra` goes into its environment, which the functions it runs inherit.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        **CREDENTIALS,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": CREDENTIALS["AWS_DEFAULT_REGION"],
        "LOG_LEVEL": "WARNING",
        **({"PERSIST_STATE": "1", "STATE_DIR": str(state_dir)} if state_dir else {"PERSIST_STATE": "0"}),
        **(extra or {}),
    }
    output = log.open("ab") if log else subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 our own command
        [str(COMMAND)], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
    )
    try:
        _wait_until_up(url, process)
        yield url
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the emulated cloud stopped at once, with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=1):  # noqa: S310 loopback
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the emulated cloud did not answer in time")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
