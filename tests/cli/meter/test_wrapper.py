"""`tallybook meter` behaves as other wrappers do: exit statuses, ignored signals, what it says about the server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.call import Answer

SHOW_IGNORED = "import signal; print([n.name for n in signal.Signals if signal.getsignal(n) is signal.SIG_IGN])"
IGNORED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1"]


@pytest.mark.parametrize("status", [0, 1, 2, 3, 125, 255])
def test_the_exit_status_is_that_of_the_command(member, meter, status):
    assert meter("sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("name", ["TERM", "KILL", "HUP", "USR1", "PIPE"])
def test_a_command_that_a_signal_ends_has_128_and_its_number(member, meter, name):
    assert meter("sh", "-c", f"kill -{name} $$").returncode == 128 + signal.Signals[f"SIG{name}"]


def test_what_is_ignored_stays_ignored_for_the_command(member, line):
    shell = f"trap '' {' '.join(name.removeprefix('SIG') for name in IGNORED)}; exec \"$@\""
    run = subprocess.run(
        ["sh", "-c", shell, "sh", *line(sys.executable, "-S", "-c", SHOW_IGNORED)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert [name for name in IGNORED if name not in run.stdout] == []


def test_nohup_is_not_undone(member, line):
    script = "echo ready; sleep 1; echo done"
    with subprocess.Popen(
        ["nohup", *line("sh", "-c", script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        os.killpg(process.pid, signal.SIGHUP)
        assert process.stdout.readline() == b"done\n"
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("name", "ended"),
    [
        ("./plain", (126, "Permission denied")),
        ("plain", (126, "Permission denied")),
        ("./folder", (126, "Is a directory")),
        ("./none", (127, "there is no such command")),
        ("none", (127, "there is no such command")),
        ("", (127, "there is no such command")),
        ("./lost", (127, "No such file or directory")),
    ],
)
def test_a_command_that_can_not_be_run_has_the_status_of_a_shell(member, meter, monkeypatch, name, ended):
    status, reason = ended
    Path("plain").write_text("text")
    Path("folder").mkdir()
    Path("lost").write_text("#!/no/such/interpreter\n")
    Path("lost").chmod(0o755)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{Path.cwd()}")
    run = meter(name)
    assert (run.returncode, run.stdout) == (status, "")
    assert run.stderr.splitlines()[-1] == f"tallybook: {name}: {reason}"


def test_a_refusal_says_each_thing_once_with_the_status_of_wrappers(member, meter, served):
    run = meter("touch", "ran", options=("--cpu-cores", "64", "--memory-gb", "1000"))
    assert run.returncode == 125
    [line] = run.stderr.splitlines()
    assert line.startswith("tallybook: The session was refused: 64 CPU cores were asked for, the plan allows ")
    assert line.count("max_cpu_cores_per_sandbox") == line.count("max_memory_gb_per_sandbox") == 1
    assert "1000 GB of memory" in line
    assert not Path("ran").exists()


@pytest.mark.parametrize("answer", [Answer(401, {}, "{}"), Answer(404, {}, "<html>"), Answer(200, {}, "[]")])
def test_an_answer_that_opens_no_session_is_125_and_one_line(member, meter, served, answer):
    served.instead = [answer]
    run = meter("touch", "ran")
    assert (run.returncode, run.stderr.count("\n")) == (125, 1)
    assert not Path("ran").exists()


def test_while_the_server_is_away_it_is_said_within_5_seconds(member, line, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_URL", "http://127.0.0.1:9")
    began = time.monotonic()
    with subprocess.Popen(line("true"), stderr=subprocess.PIPE, text=True) as process:
        first = process.stderr.readline()
        assert time.monotonic() - began < 5
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=5) == 130
    assert first == "tallybook: http://127.0.0.1:9 can't be reached: Connection refused; still trying\n"


def test_closed_input_is_closed_for_the_command_too(member, line):
    run = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *line("sh", "-c", "echo ran; cat")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.stdout == "ran\n"
    assert "Traceback" not in run.stderr
