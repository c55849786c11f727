"""Runs an emulated cloud for a `with` block, on a loopback port, and stops it gracefully at the end.

It answers only requests with its credentials (`infra/local/guard.py`).
"""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config

from infra.local.callers import TOKEN_HEADER, token_of

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv/ministack/bin/python"
REGION = "eu-west-1"

_SECRET_OF_OLDER_BUNDLES = "test"  # noqa: S105 not a secret any more
_START_SECONDS = 30.0
_ANSWER_SECONDS = 30.0
_STOP_SECONDS = 60.0


class CloudFailed(RuntimeError):
    """The emulated cloud is not installed, did not start, or did not stop."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The only credentials that an emulated cloud accepts from outside."""

    key_id: str
    secret: str

    @classmethod
    def random(cls) -> Self:
        return cls(f"AKIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self | None:
        """Those in the shell variables; None if there are none."""
        key_id, secret = variables.get("AWS_ACCESS_KEY_ID", ""), variables.get("AWS_SECRET_ACCESS_KEY", "")
        return cls(key_id, secret) if key_id and secret not in ("", _SECRET_OF_OLDER_BUNDLES) else None

    @property
    def variables(self) -> dict[str, str]:
        """The shell variables from which boto3 reads them."""
        return {"AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_DEFAULT_REGION": REGION}


@dataclass(frozen=True, slots=True)
class Cloud:
    """An emulated cloud; `endpoint` is like `http://127.0.0.1:4566`."""

    endpoint: str
    credentials: Credentials

    def client(self, service: str, config: Config | None = None) -> Any:
        return boto3.session.Session(
            aws_access_key_id=self.credentials.key_id,
            aws_secret_access_key=self.credentials.secret,
            region_name=REGION,
        ).client(service, endpoint_url=self.endpoint, config=config)

    def open(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Any:
        """The answer at one of the emulator's own paths, which need no AWS signature. As urlopen, raises HTTPError."""
        token = {TOKEN_HEADER: token_of(self.credentials.secret)}
        request = Request(self.endpoint + path, body, {**(headers or {}), **token}, method=method)  # noqa: S310 - loopback
        return urlopen(request, timeout=_ANSWER_SECONDS)  # noqa: S310 - loopback

    def reset(self) -> None:
        """Delete everything that it stores."""
        self.open("/_ministack/reset", method="POST").close()


@contextmanager
def ministack(
    state_dir: Path | None = None,
    *,
    credentials: Credentials | None = None,
    port: int | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[Cloud]:
    """Yield a new cloud, by default with new random credentials.

    It loads its state from `state_dir` and saves it there at the end; without `state_dir` it keeps nothing. Functions
    inherit `env`. `pass_fds` are file descriptors, like a lock's, that stay open until the emulator has ended.
    """
    if not PYTHON.exists():
        raise CloudFailed("the emulated cloud is not installed: run `make run` or `make test` once")
    with TemporaryDirectory(prefix="tallybook-cloud-") as scratch:
        home = Path(scratch)
        port = port or free_port()
        cloud = Cloud(f"http://127.0.0.1:{port}", credentials or Credentials.random())
        settings = _environment(port, home, state_dir) | cloud.credentials.variables | dict(env or {})
        log = (state_dir or home) / "ministack.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
            process = subprocess.Popen(  # noqa: S603 - both paths are this repository's own
                [PYTHON, Path(__file__).with_name("child.py")],
                env=settings,
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=pass_fds,
                umask=0o077,  # it saves keys and mails
                start_new_session=True,  # Ctrl-C reaches only this process, which then stops the cloud
            )
        try:
            _await_ready(process, cloud, log)
            yield cloud
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
        "AUTH": "true",  # functions have only the rights of their roles
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
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


def _await_ready(process: subprocess.Popen[bytes], cloud: Cloud, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with cloud.open("/_ministack/health"):
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
