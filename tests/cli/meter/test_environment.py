"""The metered command gets no secrets: not in its environment, and not in `/proc` of the meter."""

import os
import subprocess
import sys
from collections.abc import Callable
from ctypes import CDLL
from pathlib import Path

import pytest

SECRETS = {
    "TALLYBOOK_API_KEY": "sk-secret",
    "TALLYBOOK_PASSWORD": "secret password",
    "TALLYBOOK_SESSION": "sess_secret",
    "TALLYBOOK_SOMETHING_NEW": "secret thing",
    "AWS_ACCESS_KEY_ID": "secret id",
    "AWS_SECRET_ACCESS_KEY": "secret access key",
    "AWS_SESSION_TOKEN": "secret token",
    "AWS_PROFILE": "secret profile",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "secret uri",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "secret file",
}
PRINT_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"
PRINT_PARENT = (
    "import os\n"
    "folder = f'/proc/{os.getppid()}'\n"
    "print(open(f'{folder}/cmdline').read(), open(f'{folder}/environ').read(), os.listdir(f'{folder}/fd'))"
)

type Meter = Callable[..., subprocess.CompletedProcess[str]]

only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")


@pytest.fixture
def secret_environment(meter: Meter, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Secrets in the environment of the meter, with the platform key; their values."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return [*SECRETS.values(), os.environ["TALLYBOOK_PLATFORM_KEY"]]


def test_the_command_gets_no_secret_but_the_rest_of_the_environment(secret_environment, meter, member, monkeypatch):
    monkeypatch.setenv("OWN", "kept")
    run = meter(sys.executable, "-S", "-c", PRINT_ENVIRONMENT)
    assert run.returncode == 0, run.stderr
    assert not [secret for secret in secret_environment if secret in run.stdout]
    for kept in ("OWN", "PATH", "TALLYBOOK_URL", "TALLYBOOK_ACCOUNT_ID", "TALLYBOOK_USER_ID", "AWS_REGION"):
        assert f'"{kept}"' in run.stdout
    assert "AWS_PROFILE" not in run.stdout
    assert "TALLYBOOK_HANDOVER" not in run.stdout


def test_secrets_of_other_programs_reach_the_command_as_the_pages_say(meter, member, monkeypatch):
    for name in ("GITHUB_TOKEN", "PGPASSWORD", "DATABASE_URL"):
        monkeypatch.setenv(name, f"{name}-value")
        assert f"{name}-value" in meter("sh", "-c", f'echo "${name}"').stdout
    for page in ("README.md", "docs/usage.md"):
        text = " ".join((Path(__file__).parents[3] / page).read_text().split())
        assert "variables that begin with `TALLYBOOK_` or `AWS_`" in text
        assert "`GITHUB_TOKEN`" in text
        assert "environment without secrets" not in text
        assert "other secret of your environment" not in text


@only_on_linux
def test_proc_of_the_meter_shows_no_secret(secret_environment, meter, member):
    run = meter(sys.executable, "-S", "-c", PRINT_PARENT)
    assert run.returncode == 0, run.stderr
    assert "TALLYBOOK_ACCOUNT_ID" in run.stdout
    assert not [secret for secret in secret_environment if secret in run.stdout]
    assert not [name for name in SECRETS if name in run.stdout]


@only_on_linux
@pytest.mark.parametrize("words", [["--", "meter"], ["--", "meter", "--"], ["meter"]], ids=" ".join)
def test_every_spelling_that_runs_the_meter_hides_the_secrets(secret_environment, command, served, member, words):
    """`--` before the command, and the program under another name."""
    renamed = [sys.executable, "-P", "-c", "import runpy; runpy.run_module('tallybook.cli', run_name='__main__')"]
    for program in (command, renamed):
        line = [*program, *words, sys.executable, "-S", "-c", PRINT_PARENT]
        run = subprocess.run(line, capture_output=True, text=True, timeout=30, check=False)
        assert run.returncode == 0, run.stderr
        assert "TALLYBOOK_ACCOUNT_ID" in run.stdout
        assert not [secret for secret in secret_environment if secret in run.stdout]


def test_a_program_that_does_not_hide_the_secrets_meters_nothing(secret_environment, served, member):
    code = "from tallybook.cli.main import main; main(['meter', '--', 'echo', 'ran'])"
    run = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (run.returncode, run.stdout) == (125, "")
    assert run.stderr.startswith("tallybook: meter runs only as a program of its own: ")
    assert run.stderr.count("\n") == 1
    assert served.requests == []


@pytest.mark.parametrize("value", ["x", "99", "0", "-1", "", "1:0", "٣", "99999999999999999999"])
def test_a_handover_of_another_program_is_refused_in_one_line(served, meter, member, monkeypatch, value):
    monkeypatch.setenv("TALLYBOOK_HANDOVER", value)
    _is_refused(meter("true", input_text='{"TALLYBOOK_API_KEY": "x"}'), served)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"1", b"{", b"\xff", b'{"AWS_PROFILE": 1}', b'{"LD_PRELOAD": "x.so"}', None]
)
def test_a_handover_with_the_number_of_this_process_brings_only_secrets(served, line, member, monkeypatch, content):
    """None leaves the pipe open."""
    for name in ("TALLYBOOK_PLATFORM_KEY", *SECRETS):
        monkeypatch.delenv(name, raising=False)
    _is_refused(_run_with_handover(line("true"), content), served)


def test_a_handover_beside_secrets_is_refused(served, line, member):
    """They show that another program made it, and would stay in `/proc`."""
    _is_refused(_run_with_handover(line("true"), b'{"AWS_PROFILE": "x"}'), served)


def test_a_secret_that_is_passed_by_name_reaches_the_command(secret_environment, meter, member):
    options = ("--env", "AWS_PROFILE", "--env", "TALLYBOOK_API_KEY")
    run = meter("sh", "-c", 'echo "[$AWS_PROFILE] [$TALLYBOOK_API_KEY] [$AWS_SESSION_TOKEN]"', options=options)
    assert run.stdout == "[secret profile] [sk-secret] []\n"


def test_a_variable_to_pass_that_is_not_set_is_refused(served, meter, member):
    run = meter("true", options=("--env", "NO_SUCH_VARIABLE"))
    assert (run.returncode, run.stderr) == (125, "tallybook: --env NO_SUCH_VARIABLE: it is not set\n")
    assert served.requests == []


def test_secrets_too_long_to_hand_over_are_refused_in_one_line(served, meter, member, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "x" * 40_000)
    run = meter("true")
    assert (run.returncode, run.stderr.count("\n")) == (125, 1)
    assert run.stderr.startswith("tallybook: ")
    assert served.requests == []


@only_on_linux
def test_secrets_are_kept_in_memory_that_other_processes_cannot_read(monkeypatch):
    monkeypatch.setenv("TALLYBOOK_PLATFORM_KEY", "pk-secret")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3] / "layers/core/python"))
    code = (
        "import ctypes, os\n"
        "from tallybook.cli.meter.environment import hide_secrets\n"
        "hide_secrets()\n"
        "shown = 'pk-secret' in open('/proc/self/environ').read()\n"
        "readable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)\n"
        "print(shown, os.environ['TALLYBOOK_PLATFORM_KEY'], readable, os.listdir('/proc/self/fd'))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("False pk-secret 0 ['0', '1', '2', '3']")
    assert CDLL(None).prctl(3, 0, 0, 0, 0) == 1, "this process is not affected"


def _run_with_handover(line: list[str], content: bytes | None) -> subprocess.CompletedProcess[str]:
    """The shell gives its own process number to the meter, which takes its place."""
    read, write = os.pipe()
    try:
        if content is not None:
            os.write(write, content)
            os.close(write)
        script = f'TALLYBOOK_HANDOVER=$$:{read} exec "$@"'
        shell = ["sh", "-c", script, "sh", *line]
        return subprocess.run(shell, pass_fds=[read], capture_output=True, text=True, timeout=30, check=False)
    finally:
        os.close(read)
        if content is None:
            os.close(write)


def _is_refused(run: subprocess.CompletedProcess[str], served) -> None:
    message = "tallybook: TALLYBOOK_HANDOVER is set, but only this command may set it: unset it\n"
    assert (run.returncode, run.stdout, run.stderr) == (125, "", message)
    assert served.requests == []
