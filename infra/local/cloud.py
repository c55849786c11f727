"""Runs an emulated cloud for a `with` block, on a loopback port, and stops it gracefully at the end."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv/ministack/bin/python"
REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}

_START_SECONDS = 30.0
_STOP_SECONDS = 60.0


class CloudFailed(RuntimeError):
    """The emulated cloud is not installed, did not start, or did not stop."""


@contextmanager
def ministack(
    state_dir: Path | None = None,
    *,
    port: int | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[str]:
    """Yield the endpoint of a new cloud.

    It loads its state from `state_dir` and saves it there at the end; without `state_dir` it keeps nothing. Functions
    inherit `env`. `pass_fds` are file descriptors, like a lock's, that stay open until the emulator has ended.
    """
    if not PYTHON.exists():
        raise CloudFailed("the emulated cloud is not installed: run `make run` or `make test` once")
    with TemporaryDirectory(prefix="tallybook-cloud-") as scratch:
        home = Path(scratch)
        port = port or free_port()
        settings = _environment(port, home, state_dir) | dict(env or {})
        log = (state_dir or home) / "ministack.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - both paths are this repository's own
                [PYTHON, Path(__file__).with_name("child.py")],
                env=settings,
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
                start_new_session=True,  # Ctrl-C reaches only this process, which then stops the cloud
            )
        try:
            endpoint = f"http://127.0.0.1:{port}"
            _await_ready(process, endpoint, log)
            yield endpoint
        finally:
            _stop(process)


def free_port(prefer: int | None = None) -> int:
    """A loopback port that was free a moment ago; the preferred one if possible."""
    for port in (prefer, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port or 0))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CloudFailed("no loopback port is free")


def _environment(port: int, home: Path, state_dir: Path | None) -> dict[str, str]:
    """Only PATH is taken from our environment, so that no profile, proxy or endpoint of the user reaches a function."""
    settings = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        **CREDENTIALS,
    }
    if state_dir is not None:
        state_dir = state_dir.resolve()
        settings |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state_dir),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state_dir / "s3"),
        }
    return settings


def _await_ready(process: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(f"{endpoint}/_ministack/health", timeout=2):  # noqa: S310 - a loopback address
                return
        except (URLError, OSError):
            time.sleep(0.03)
    tail = log.read_text(errors="replace")[-2000:]
    raise CloudFailed(f"the emulated cloud did not start; the end of its log:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise CloudFailed("the emulated cloud did not stop and was killed; it starts from the last save") from None
    if process.stdin:
        process.stdin.close()
