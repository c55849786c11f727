"""The bundle as `make run` starts it, on a free port and in a folder of its own."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.local.deploy import client

ROOT = Path(__file__).parents[2]
_STARTS_WITHIN = 120.0
_STOPS_WITHIN = 60.0


@dataclass(frozen=True, slots=True)
class LocalStack:
    """`folder` stands for `.local`; `said` is what the terminal shows once it is up."""

    folder: Path
    said: str

    @property
    def variables(self) -> dict[str, str]:
        """What `env` in its folder sets."""
        words = (shlex.split(line) for line in (self.folder / "env").read_text().splitlines())
        return dict(word[1].split("=", 1) for word in words if word[:1] == ["export"])

    def client(self, service: str) -> Any:
        return _client(service, self.variables["AWS_ENDPOINT_URL"])

    def calls(self, group: str) -> int:
        """How often its function has been called so far, as its log says."""
        return sum(line.startswith("START ") for line in self._lines(self._logs()[group]))

    def logged(self) -> dict[str, list[str]]:
        """The lines that each function has logged so far, by its group."""
        return {group: self._lines(log) for group, log in self._logs().items()}

    def _logs(self) -> dict[str, str]:
        return {
            function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: function["LoggingConfig"]["LogGroup"]
            for function in self.client("lambda").list_functions()["Functions"]
        }

    def _lines(self, log: str) -> list[str]:
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=log)
        return [event["message"] for page in pages for event in page["events"]]


_client = cache(client)


@contextmanager
def running(folder: Path, *, port: int) -> Iterator[LocalStack]:
    """Up for the block, stopped by Ctrl-C after it; a start or stop that fails raises with what was said."""
    log = folder / "terminal.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            cwd=ROOT,
            env={**os.environ, "PORT": str(port), "TALLYBOOK_LOCAL_DIR": str(folder)},
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
