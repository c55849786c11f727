"""Whatever goes wrong, the command ends with one line and a documented status, never with a traceback."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import ROOT

KEY = "pk-" + "Ab3_" * 15
ADDRESS = "http://127.0.0.1:9"


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Tables and an address in the environment, which nothing answers for, and a file of usage in the folder."""
    for name, value in {"CORE_TABLE": "core", "USAGE_TABLE": "usage", "TALLYBOOK_URL": ADDRESS}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "usage.ndjson").write_text("{}\n")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def shell(settings, command, monkeypatch, tmp_path):
    """Run `tallybook` from a shell line, as a process of its own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "layers/core/python"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "tallybook").write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
    (tmp_path / "tallybook").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def run(line, **variables):
        return subprocess.run(
            ["bash", "-c", line],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )

    return run


def lines(run):
    assert "Traceback" not in run.stdout + run.stderr
    return run.stderr.splitlines()


@pytest.mark.parametrize(
    "around", ["{}\n", "{}\r\n", "\ufeff{}", "“{}”", '"{}"', " ‘{}’\r", "\u200b{}\u00a0", "«{}»"], ids=ascii
)
def test_what_copying_adds_to_a_key_is_taken_off(app, served, tallybook, monkeypatch, around):
    monkeypatch.setenv("TALLYBOOK_PLATFORM_KEY", around.format(os.environ["TALLYBOOK_PLATFORM_KEY"]))
    monkeypatch.setenv("TALLYBOOK_URL", around.format(served.url))
    Path("usage.ndjson").write_text(json.dumps(app.event(app.member())))
    run = tallybook("send", "usage.ndjson")
    assert (run.code, run.out) == (0, "accepted 1, duplicates 0, conflicts 0, rejected 0\n"), run.err


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("TALLYBOOK_PLATFORM_KEY", "\r\n"),
        ("TALLYBOOK_PLATFORM_KEY", "”"),
        ("AWS_SECRET_ACCESS_KEY", "é"),
        ("AWS_SESSION_TOKEN", "\x07"),
    ],
    ids=ascii,
)
def test_a_key_with_a_strange_character_within_is_refused_without_it(settings, tallybook, monkeypatch, name, inside):
    monkeypatch.setenv("TALLYBOOK_PLATFORM_KEY", KEY)
    monkeypatch.setenv(name, KEY[:20] + inside + KEY[20:])
    run = tallybook("send", "usage.ndjson")
    assert (run.code, run.out) == (2, "")
    assert run.err == f"tallybook: {name}: its character 21 can't be in a key; copy the key again\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TALLYBOOK_URL", "nonsense"),
        ("TALLYBOOK_URL", "http://"),
        ("AWS_ENDPOINT_URL", "http://[::1"),
        ("AWS_ENDPOINT_URL", "http://x:99999"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "ftp://x"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://a b"),
    ],
)
def test_a_bad_endpoint_is_refused_in_one_line(settings, tallybook, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    run = tallybook("accounts", "show", "acc-1")
    assert (run.code, run.out) == (2, "")
    said = f"tallybook: {name} must be an http or https address, like http://localhost:8000, not {value!r}\n"
    assert run.err == said


@pytest.mark.parametrize("around", ["{}\r", "“{}”", "\ufeff{} "], ids=ascii)
def test_what_copying_adds_to_an_id_is_taken_off(operator_app, tallybook, around):
    member = operator_app.member()
    for name in (member.subject, member.user.email):
        assert member.subject in tallybook("accounts", "show", around.format(name)).out


def test_a_key_in_the_place_of_an_id_is_not_printed(operator_app, tallybook):
    run = tallybook("accounts", "show", KEY, "--json")
    assert run.code == 1
    assert KEY[:10] not in run.out + run.err


def test_help_in_a_pipe_has_no_colours(shell):
    """Each of the three variables asks for colours by itself."""
    asked = dict.fromkeys(("FORCE_COLOR", "TTY_COMPATIBLE", "PY_COLORS"), "1")
    assert "\x1b" not in shell("tallybook --help; tallybook accounts list --bogus", **asked).stdout


def test_a_password_in_an_address_is_not_printed(settings, tallybook, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_URL", "ftp://me:swordfish@host")
    monkeypatch.setenv("TALLYBOOK_PLATFORM_KEY", KEY)
    run = tallybook("send", "usage.ndjson")
    assert "swordfish" not in run.err + run.out
    assert "ftp://***@host" in run.err.splitlines()[0]


@pytest.mark.parametrize("arguments", ["accounts list", "invoices list acc-1", "clock show"])
def test_a_file_that_is_no_clock_is_named_in_one_line(settings, tallybook, monkeypatch, arguments):
    Path("clock").write_text("noon\n")
    monkeypatch.setenv("TALLYBOOK_CLOCK_FILE", "clock")
    run = tallybook(*arguments.split())
    assert run.code in (1, 2)
    assert run.err.count("\n") == 1
    assert "clock" in run.err


def test_closed_input_is_said(shell):
    run = shell("tallybook send - <&-", TALLYBOOK_PLATFORM_KEY=KEY)
    assert (run.returncode, lines(run)) == (1, ["tallybook: standard input is closed"])


@pytest.mark.parametrize("redirection", [">&-", "> /dev/full"])
def test_output_that_can_not_be_written_is_an_error(shell, redirection):
    run = shell(f"tallybook completion bash {redirection}")
    assert run.returncode == 1
    assert lines(run)[0].startswith("tallybook: standard output")
    assert len(lines(run)) == 1


@pytest.mark.parametrize("arguments", ["completion bash", "catalog check --json none.toml"])
def test_a_closed_pipe_ends_it_quietly_as_a_signal_would(shell, arguments):
    run = shell(f"tallybook {arguments} | true; echo ${{PIPESTATUS[0]}}; exit 0")
    assert int(run.stdout) in (0, 1, 141)  # it may have written all before the reader ended
    assert not [line for line in lines(run) if "none.toml" not in line]
    waits = shell(f"{{ sleep 1; tallybook {arguments}; echo $? >&2; }} | true")
    assert lines(waits)[-1] in ("1", "141")
    assert "BrokenPipe" not in waits.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_character_that_the_output_lacks_is_escaped(shell, encoding):
    run = shell("tallybook accounts show --help; tallybook accounts show ☃", PYTHONIOENCODING=encoding)
    assert run.returncode == 1
    assert lines(run)[-1].startswith("tallybook: '\\u2603' is not an account")


def test_ctrl_c_ends_it_with_130_and_without_a_traceback(shell, command):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        variables = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}", "NO_PROXY": "*"}
        with subprocess.Popen(
            [*command, "accounts", "show", "acc-1"], env=os.environ | variables, stderr=subprocess.PIPE
        ) as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=5) == 130
            assert process.stderr.read() == b""


def test_ctrl_c_while_it_reads_its_input_ends_it_with_130(shell, command):
    variables = {"TALLYBOOK_PLATFORM_KEY": KEY}
    with subprocess.Popen(
        [*command, "send", "-"], env=os.environ | variables, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdin.write(b'{"id": 1}\n')
        process.stdin.flush()
        wait_until_idle(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 130
        assert b"Send the same input again" in process.stderr.read()


def wait_until_idle(pid):
    """Until the process has started and waits for something."""
    watched, before, deadline = psutil.Process(pid), -1.0, time.monotonic() + 15
    while (now := sum(watched.cpu_times()[:2])) != before or now < 0.1:
        assert time.monotonic() < deadline
        before = now
        time.sleep(0.5)


def test_a_defect_is_one_line_and_a_report_that_only_the_user_reads(tallybook, monkeypatch, tmp_path):
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG",
        "AWS_SESSION_TOKEN": "FwoGZXIvYXdzEJr",
        "TALLYBOOK_PASSWORD": "correct-horse-battery",
        "TALLYBOOK_PLATFORM_KEY": KEY,
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    headers = "{'Authorization': 'Basic dXNlcjpwYXNz', 'X-API-Key': 'some-other-key'}"
    url = "https://me:swordfish@example.com/?token=abcdef123"

    def fails(*_, **__):
        raise RuntimeError(f"{secrets} {headers} {url} sk-{'x' * 40} password=hunter22 AKIAIOSFODNN7EXAMPLE")

    monkeypatch.setattr("tallybook.cli.meter.settings.platform", fails)
    run = tallybook("send", "--json", "usage.ndjson")
    assert run.code == 70
    [line] = run.err.splitlines()
    found = re.fullmatch(r"tallybook: RuntimeError: .*\. This is a defect; the full report is in (\S+)", line)
    report = Path(found[1])
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text()
    assert "Traceback" in text
    assert "in fails" in text
    others = ("dXNlcjpwYXNz", "some-other-key", "swordfish", "abcdef123", "xxxxx", "hunter22", "IOSFODNN7")
    for printed in (text, line, run.out):
        assert [secret for secret in (*secrets.values(), *others) if secret in printed] == []
    error = json.loads(run.out)
    assert (error["success"], error["code"]) == (False, "internal_error")


def test_with_json_an_error_is_one_object_with_the_fields_of_the_api(operator_app, tallybook):
    run = tallybook("accounts", "show", "--json", "acc-0199")
    error = json.loads(run.out)
    assert error.keys() == {"success", "error", "message", "code", "timestamp"}
    assert (error["success"], error["error"], error["code"]) == (False, "Not Found", "not_found")
    assert run.err == f"tallybook: {error['message']}\n"


@pytest.mark.parametrize("arguments", ["accounts list --bogus", "accounts shw", "accounts show", "nope"])
def test_a_wrong_command_line_is_said_plainly_and_as_json(tallybook, arguments):
    run = tallybook(*arguments.split(), "--json")
    error = json.loads(run.out)
    assert (run.code, error["code"]) == (2, "invalid_request")
    first, second = run.err.splitlines()
    assert f"tallybook: {error['message']}" == f"{first}\n{second.removeprefix('tallybook: ')}"
    assert second.startswith("tallybook: see tallybook")


def test_a_setting_that_is_missing_is_json_too(tallybook, monkeypatch):
    run = tallybook("accounts", "list", "--json")
    assert (run.code, json.loads(run.out)["code"]) == (2, "invalid_request")
    assert "TALLYBOOK_STACK" in json.loads(run.out)["message"]
