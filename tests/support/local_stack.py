"""The local bundle as `make run` starts it, on a free port and in its own folder."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.local.cloud import Cloud, Credentials

ROOT = Path(__file__).parents[2]
_STARTS_WITHIN = 120.0
_STOPS_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class LocalStack:
    """`folder` is used instead of `.local`; `terminal` is the output until it is up."""

    folder: Path
    terminal: str

    @property
    def variables(self) -> dict[str, str]:
        """The variables that the file `env` in the folder sets."""
        words = (shlex.split(line) for line in (self.folder / "env").read_text().splitlines())
        return dict(word[1].split("=", 1) for word in words if word[:1] == ["export"])

    @property
    def cloud(self) -> Cloud:
        variables = self.variables
        credentials = Credentials.read(variables)
        assert credentials
        return Cloud(variables["AWS_ENDPOINT_URL"], credentials)

    def client(self, service: str) -> Any:
        return _client(self.cloud, service)

    def calls(self, group: str) -> int:
        """How often the group's function has been called so far, by its log."""
        return sum(line.startswith("START ") for line in self._lines(self._logs()[group]))

    def logged(self) -> dict[str, list[str]]:
        """The log lines of each function so far, by group."""
        return {group: self._lines(log) for group, log in self._logs().items()}

    def _logs(self) -> dict[str, str]:
        return {
            function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: function["LoggingConfig"]["LogGroup"]
            for function in self.client("lambda").list_functions()["Functions"]
        }

    def _lines(self, log: str) -> list[str]:
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=log)
        return [event["message"] for page in pages for event in page["events"]]


_client = cache(Cloud.client)


@contextmanager
def running(folder: Path, *, port: int, origins: Sequence[str] = ()) -> Iterator[LocalStack]:
    """Run the bundle during the block and stop it by Ctrl-C; RuntimeError with its output if start or stop fails.

    Pages of the `origins` may call it.
    """
    log = folder / "terminal.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            cwd=ROOT,
            env={**os.environ, "PORT": str(port), "TALLYBOOK_LOCAL_DIR": str(folder), "ORIGINS": ",".join(origins)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _await(process, log)
            yield LocalStack(folder, log.read_text())
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(_STOPS_WITHIN)
    if code != 0:
        raise RuntimeError(f"stopped with {code}: {log.read_text()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while "Ctrl-C stops it" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"did not start: {log.read_text()}")
        time.sleep(0.1)
