"""The command line as an operator runs it, and the app that it works on."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.cloud import Cloud
from tests.cli.aws import STACK, Aws, aws
from tests.cli.terminal import terminal
from tests.support.serve import Served, serve

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """The exit code and the output of a run of the command."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> str:
        """What standard output has besides the error of a failed `--json`, which says what standard error does."""
        if not self.out.startswith('{"success": false'):
            return self.out
        message = json.loads(self.out)["message"]
        assert self.err == "".join(f"tallybook: {line}\n" for line in message.splitlines())
        return ""


@pytest.fixture
def served(app: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Served]:
    """The app over HTTP, with its URL and a platform key in the environment, in an empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "layers/core/python"))
    monkeypatch.setenv("TALLYBOOK_PLATFORM_KEY", app.platform_key())
    logging.disable(logging.INFO)  # the functions' log lines would mix with the command's output
    with serve() as served:
        monkeypatch.setenv("TALLYBOOK_URL", served.url)
        yield served
    logging.disable(logging.NOTSET)


@pytest.fixture
def operator_app(app: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The app, with its tables and its clock named in the environment."""
    from tallybook import runtime
    from tallybook.gateways.clock import Clock
    from tests.support.cloud import NAMES

    monkeypatch.setattr(runtime, "dynamodb", lambda *_: app.client)

    clock_file = tmp_path / "clock"
    Clock(clock_file).move_to(app.clock.now())
    for name, value in {
        "CORE_TABLE": NAMES["core"],
        "USAGE_TABLE": NAMES["usage"],
        "TALLYBOOK_CLOCK_FILE": str(clock_file),
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    return app


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """The stack that TALLYBOOK_STACK names, with the app's tables and a function for each job."""
    from tallybook.cli.aws import forget_stack
    from tests.support.cloud import NAMES

    forget_stack()
    with aws() as stub:
        stub.outputs = {
            "CoreTable": NAMES["core"],
            "UsageTable": NAMES["usage"],
            "OutboxFunction": "the-outbox",
            "InvoicingFunction": "the-invoicing",
            "UsageCheckFunction": "the-usage-check",
        }
        monkeypatch.setenv("TALLYBOOK_STACK", STACK)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", stub.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", stub.url)
        yield stub


@pytest.fixture
def cloud(_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An empty emulated cloud, in which the command looks for the stack that TALLYBOOK_STACK names."""
    from tallybook.cli.aws import forget_stack

    cloud: Cloud = _emulator[0]
    cloud.reset()
    forget_stack()
    for name, value in cloud.credentials.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TALLYBOOK_STACK", STACK)
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    return cloud


@pytest.fixture
def tallybook(capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run the command line in this process."""
    from tallybook.cli.main import main

    def run(*arguments: object) -> Run:
        capfd.readouterr()
        with pytest.raises(SystemExit) as exited:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Run(int(exited.value.code or 0), out, err)

    return run


@pytest.fixture
def in_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run the command line in this process, in a terminal of a width; what it shows, without colours."""
    from tallybook.cli.main import main

    def run(columns: int, *arguments: object) -> str:
        monkeypatch.delenv("COLUMNS", raising=False)
        with terminal(columns) as shown, pytest.raises(SystemExit):
            main([str(argument) for argument in arguments])
        return shown.text

    return run


@pytest.fixture
def command() -> list[str]:
    """The command line of a separate process."""
    return [sys.executable, "-P", "-m", "tallybook.cli"]
