"""`make run`: it starts, refuses with one line, keeps its state, and deploys changed code."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import boto3

from infra.local.variables import write_variables
from tests.support.local_stack import ROOT, LocalStack, free_port, running

NAMES = {
    "TALLYBOOK_URL",
    "TALLYBOOK_ACCOUNT_ID",
    "TALLYBOOK_USER_ID",
    "TALLYBOOK_EMAIL",
    "TALLYBOOK_PASSWORD",
    "TALLYBOOK_API_KEY",
    "TALLYBOOK_PLATFORM_KEY",
}
DAY = 24 * 3600


def test_a_run_keeps_its_state_for_the_next_even_if_it_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "local"
    port = free_port()
    with _polling(port) as stop_polling, running(folder, port=port) as stack:
        answers = stop_polling()
        assert {answer.retry_after for answer in answers if answer.status == 503} == {"1"}
        assert {answer.status for answer in answers} <= {503, 401}
        first = stack.variables
        assert set(first) >= NAMES
        assert (folder / "env").stat().st_mode & 0o777 == 0o600
        for variable in ("TALLYBOOK_URL", "TALLYBOOK_API_KEY", "TALLYBOOK_PLATFORM_KEY", "TALLYBOOK_ACCOUNT_ID"):
            assert first[variable] in stack.terminal
        _grant(first, amount=7, reference="one")
        balance = _balance(first)
        _check_second_run_is_refused(folder, port)
        assert _stored(first, "FORMAT", "FORMAT")["formats"] == {"L": [{"N": "2"}]}
        _leave_data_of_an_older_release(first)
    assert (folder / "version").read_text() == "format 2"
    (folder / "version").write_text("6")
    again = _run_until_killed(folder, port)
    assert "Synthesizing" not in again
    assert "Migrating the data to format 2\n" in again
    assert {name: LocalStack(folder, again).variables[name] for name in NAMES} == {name: first[name] for name in NAMES}
    second = LocalStack(folder, again).variables
    assert second["AWS_SECRET_ACCESS_KEY"] == first["AWS_SECRET_ACCESS_KEY"]
    _leave_as_an_older_bundle(folder, second)
    with running(folder, port=free_port()) as changed:
        assert changed.variables["AWS_SECRET_ACCESS_KEY"] not in ("test", first["AWS_SECRET_ACCESS_KEY"])
        assert [path.stat().st_mode & 0o777 for path in (folder, folder / "env")] == [0o700, 0o600]
        assert "did not stop cleanly" in changed.terminal
        assert "Deploying the changes" in changed.terminal
        assert "Creating an account" not in changed.terminal
        assert changed.variables["TALLYBOOK_API_KEY"] == first["TALLYBOOK_API_KEY"]
        assert _balance(changed.variables) == balance + 5
        assert "Migrating" not in changed.terminal
        assert _stored(changed.variables, "FORMAT", "FORMAT")["formats"] == {"L": [{"N": "2"}]}
        assert _stored(changed.variables, _account(first), "ACCOUNT")["schedules"] == {"N": "0"}
        _check_clock_moves_periods(changed)


def test_a_port_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _start(tmp_path, port)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"Port {port} is in use" in done.stderr


def test_the_state_of_a_newer_release_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "version").write_text("format 3")
    done = _start(tmp_path, free_port())
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "of a later release: use that one, or remove it with make reset" in done.stderr
    assert list((tmp_path / "state").iterdir()) == []


def test_an_invalid_port_is_refused_in_one_line(tmp_path: Path) -> None:
    for nonsense in ("eight", "0", "70000"):
        done = _start(tmp_path, nonsense)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert nonsense in done.stderr


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    retry_after: str | None


@contextmanager
def _polling(port: int) -> Iterator[Callable[[], list[Answer]]]:
    """Requests without a key in a thread; yields a function that stops it and returns the answers."""
    answers: list[Answer] = []
    ended = threading.Event()

    def poll() -> None:
        while not ended.wait(0.1):
            with suppress(URLError):  # nothing listens on the port yet
                answers.append(_answer(f"http://localhost:{port}/auth/me"))

    def stop() -> list[Answer]:
        ended.set()
        poller.join()
        return answers

    poller = threading.Thread(target=poll)
    poller.start()
    try:
        yield stop
    finally:
        stop()


def _answer(address: str) -> Answer:
    try:
        with urlopen(address, timeout=30) as answer:
            return Answer(answer.status, answer.headers["Retry-After"])
    except HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.headers["Retry-After"])


def _run_until_killed(folder: Path, port: int) -> str:
    """Start a run, grant credits and kill it before it can save; return its output."""
    command = [sys.executable, "-m", "infra.local"]
    settings = {**os.environ, "PORT": str(port), "TALLYBOOK_LOCAL_DIR": str(folder)}
    process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    output = ""
    for line in process.stdout:
        output += line
        if "Ctrl-C stops it" in line:
            break
    variables = LocalStack(folder, output).variables
    _grant(variables, amount=7, reference="one")  # a repeated grant: no effect
    _grant(variables, amount=5, reference="two")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    return output


def _leave_as_an_older_bundle(folder: Path, variables: Mapping[str, str]) -> None:
    """Readable by everybody, and with the credentials that all had."""
    old = variables | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    write_variables(folder / "env", old)
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # the emulator replaces its temporary files
            path.chmod(path.stat().st_mode | 0o044)


def _leave_data_of_an_older_release(variables: Mapping[str, str]) -> None:
    """As before formats were recorded: no record, and an account without an attribute that was added later."""
    table, core = variables["CORE_TABLE"], _dynamodb(variables)
    core.delete_item(TableName=table, Key={"pk": {"S": "FORMAT"}, "sk": {"S": "FORMAT"}})
    account = {"pk": {"S": _account(variables)}, "sk": {"S": "ACCOUNT"}}
    core.update_item(TableName=table, Key=account, UpdateExpression="REMOVE schedules")


def _stored(variables: Mapping[str, str], pk: str, sk: str) -> Any:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    return _dynamodb(variables).get_item(TableName=variables["CORE_TABLE"], Key=key)["Item"]


def _account(variables: Mapping[str, str]) -> str:
    return variables["TALLYBOOK_ACCOUNT_ID"].replace("acc-", "ACCOUNT#")


def _dynamodb(variables: Mapping[str, str]) -> Any:
    return boto3.session.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
    ).client("dynamodb", endpoint_url=variables["AWS_ENDPOINT_URL"])


def _check_second_run_is_refused(folder: Path, port: int) -> None:
    began = time.monotonic()
    done = _start(folder, port)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "runs already" in done.stderr
    assert time.monotonic() - began < 10


def _check_clock_moves_periods(stack: LocalStack) -> None:
    before = _get(stack.variables, "/v1/billing/current")["current_period"]["end"]
    (stack.folder / "clock").write_text(str(40 * DAY))
    after = _get(stack.variables, "/v1/billing/current")["current_period"]["start"]
    assert after > before


def _start(folder: Path, port: int | str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PORT": str(port), "TALLYBOOK_LOCAL_DIR": str(folder)}
    command = [sys.executable, "-m", "infra.local"]
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=60)


def _grant(variables: Mapping[str, str], *, amount: int, reference: str) -> None:
    body = {"account_id": variables["TALLYBOOK_ACCOUNT_ID"], "amount": amount, "kind": "grant", "reference": reference}
    _call(variables, "POST", "/v1/platform/credits", key=variables["TALLYBOOK_PLATFORM_KEY"], body=body)


def _balance(variables: Mapping[str, str]) -> int:
    return int(_call(variables, "GET", "/auth/me", key=variables["TALLYBOOK_API_KEY"])["user"]["balance"])


def _get(variables: Mapping[str, str], path: str) -> Any:
    return _call(variables, "GET", path, key=variables["TALLYBOOK_API_KEY"])["data"]


def _call(variables: Mapping[str, str], method: str, path: str, *, key: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    with urlopen(Request(variables["TALLYBOOK_URL"] + path, data, headers, method=method), timeout=30) as answer:
        return json.load(answer)
