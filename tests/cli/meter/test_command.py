"""A real command runs as a session, and its usage is on the bill."""

import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tallybook.cli.catalog_file import read_catalog
from tests.support.app import CATALOG
from tests.support.call import call
from tests.support.serve import Served, serve

BURN = "import time\nwhile time.process_time() < 0.3: pass"
RUN_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {!r}])"
LEAVE_AN_ORPHAN = "import subprocess, sys; subprocess.Popen([sys.executable, '-S', '-c', {!r}])"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", code)


def sessions(member: Any) -> tuple[int, int]:
    """The numbers of running and of completed sessions."""
    data = call("GET", "/v1/billing/current", key=member.api_key).json["data"]
    return data["active_sessions"], data["completed_sessions"]


def used(app: Any, meter: str) -> Decimal:
    """The quantity that the period's counters have."""
    counters = (item for item in app.stored("usage") if item["sk"].startswith("period"))
    return sum((counter.get(f"q:{meter}", Decimal(0)) for counter in counters), Decimal(0))


def events_in(served: Served) -> list[Any]:
    return [event for path, body in served.requests if path.endswith("/events") for event in json.loads(body)]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def expensive_cpu(app: Any) -> None:
    """A CPU second costs 1.00."""
    meters = read_catalog(CATALOG)["meters"]
    meters["cpu_seconds"]["prices"] = [{"model": "per_unit", "unit_price": "1"}]
    app.apply_catalog(meters=meters)


def test_cpu_time_of_child_processes_is_billed(app, expensive_cpu, member, served, meter):
    run = meter(*python(RUN_A_CHILD.format(BURN)))
    assert run.returncode == 0, run.stderr
    assert Decimal("0.3") <= used(app, "cpu_seconds") < 2
    assert f"{used(app, 'cpu_seconds'):.3f} CPU seconds" in run.stderr
    bill = call("GET", "/v1/billing/current", key=member.api_key).json["data"]
    assert (bill["active_sessions"], bill["completed_sessions"]) == (0, 1)
    assert bill["current_cost"] >= 0.3
    assert bill["cost_breakdown"][0]["resource_type"] == "sandbox"
    assert bill["daily_trend"][-1]["cost"] == bill["current_cost"]
    assert len({event["id"] for event in events_in(served)}) == len(events_in(served)) > 2
    assert len([path for path, _ in served.requests if path.endswith("/events")]) > 1


def test_children_shorter_than_the_interval_are_counted(app, meter):
    code = (
        "import os, subprocess, sys\n"
        "for _ in range(25): subprocess.run([sys.executable, '-SE', '-c', ''])\n"
        "print(sum(os.times()[:4]))"
    )
    reported = Decimal(meter(*python(code)).stdout.strip())
    assert reported - Decimal("0.02") <= used(app, "cpu_seconds") <= reported + Decimal("0.3")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to the meter")
def test_a_child_whose_parent_has_ended_is_still_measured(app, meter):
    orphan = LEAVE_AN_ORPHAN.format(BURN)
    waits_for_it = "stdout=subprocess.PIPE"  # which stays open until the orphan ends
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {orphan!r}], {waits_for_it})"
    meter(*python(code))
    assert used(app, "cpu_seconds") >= Decimal("0.3")


def test_memory_is_counted_while_it_is_allocated(app, meter):
    meter(*python("import time; block = b'x' * 2**28; time.sleep(0.5)"))
    assert Decimal("0.125") <= used(app, "ram_gb_seconds") <= Decimal("0.6")


def test_a_commands_streams_and_exit_code_are_passed_through(member, meter):
    run = meter("sh", "-c", "cat; echo oops >&2; exit 7", input_text="hello")
    assert (run.returncode, run.stdout) == (7, "hello")
    first, *meter_lines = run.stderr.splitlines()
    assert first == "oops"
    assert len(meter_lines) == 1
    assert meter_lines[0].startswith("tallybook: session ")
    assert sessions(member) == (0, 1)


def test_the_command_does_not_see_the_platform_key(meter):
    run = meter("sh", "-c", 'echo "[$TALLYBOOK_PLATFORM_KEY]" "[$TALLYBOOK_ACCOUNT_ID]"')
    assert run.stdout.startswith("[] [acc-")


def test_an_unknown_command_opens_no_session(served, tallybook):
    run = tallybook("meter", "--", "no-such-command")
    assert (run.code, run.err) == (127, "tallybook: no-such-command: there is no such command\n")
    assert served.requests == []


def test_a_command_that_cannot_run_leaves_no_session_open(member, meter):
    Path("broken").write_bytes(b"\x7fELF no more")
    Path("broken").chmod(0o755)
    run = meter("./broken")
    assert run.returncode == 126
    assert run.stderr.splitlines()[-1] == "tallybook: ./broken: Exec format error"
    assert sessions(member) == (0, 1)


def test_a_command_is_not_run_if_its_session_is_refused(served, meter):
    run = meter("touch", "ran", options=("--user", "usr-stranger"))
    assert run.returncode == 125
    assert run.stderr == "tallybook: The session was refused: There is no such user in this account\n"
    assert not Path("ran").exists()


def test_without_an_account_the_command_is_not_run(served, tallybook, monkeypatch):
    monkeypatch.delenv("TALLYBOOK_ACCOUNT_ID", raising=False)
    run = tallybook("meter", "--user", "usr-1", "--", "true")
    assert run.code == 125
    assert run.err == "tallybook: TALLYBOOK_ACCOUNT_ID is not set; for the local bundle: source .local/env\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_reaches_the_command_and_the_session_ends(member, line, number, code):
    forever = line("sh", "-c", "echo ready; exec sleep 20")
    with subprocess.Popen(forever, stdout=subprocess.PIPE, start_new_session=True) as process:
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=10) == code
    assert sessions(member) == (0, 1)


def test_ctrl_c_at_a_terminal_reaches_the_command_once_and_the_session_ends(member, line):
    count = (
        "import signal, time\n"
        "seen = []\n"
        "signal.signal(signal.SIGINT, lambda *_: seen.append(1))\n"
        "print('ready', flush=True)\n"
        "end = time.monotonic() + 0.7\n"
        "while time.monotonic() < end: time.sleep(0.05)\n"
        "print(len(seen), flush=True)"
    )
    controller, terminal_end = pty.openpty()
    terminal = os.ttyname(terminal_end)
    # The leader of a new session gets the first terminal it opens; it stays the parent, as a shell would.
    shell = f"import os, subprocess, sys, signal; os.open({terminal!r}, os.O_RDWR); signal.signal(2, signal.SIG_IGN)\n"
    shell += "sys.exit(subprocess.call(sys.argv[1:], preexec_fn=lambda: signal.signal(2, signal.default_int_handler)))"
    shell_line = [sys.executable, "-c", shell, *line(*python(count))]
    with subprocess.Popen(shell_line, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout.readline() == b"ready\n"
        os.write(controller, b"\x03")
        assert process.stdout.readline() == b"1\n"
        assert process.wait(timeout=10) == 0
    os.close(controller)
    os.close(terminal_end)
    assert sessions(member) == (0, 1)


def test_a_command_is_stopped_at_its_timeout(member, meter):
    run = meter("sleep", "20", options=("--timeout", "1"))
    assert run.returncode == 124
    assert sessions(member) == (0, 1)


def test_after_an_outage_the_server_gets_every_event_once(app, member, line, monkeypatch):
    code = (
        "import time, os\nend = time.monotonic() + 1.2\nwhile time.monotonic() < end: pass\nprint(sum(os.times()[:4]))"
    )
    with serve() as first:
        monkeypatch.setenv("TALLYBOOK_URL", first.url)
        process = subprocess.Popen(line(*python(code)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: len(first.requests) > 2)
    time.sleep(0.4)
    with process, serve(first.port):
        output, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "rejected 0" in err
    assert abs(used(app, "cpu_seconds") - Decimal(output.strip())) < Decimal("0.2")
    assert sessions(member) == (0, 1)


def test_unsent_events_are_kept_in_a_file_for_tallybook_send(app, line, served, tallybook, monkeypatch):
    arguments = ("sh", "-c", f'"{sys.executable}" -S -c "$1"; touch ended', "sh", BURN)
    with serve() as first:
        monkeypatch.setenv("TALLYBOOK_URL", first.url)
        process = subprocess.Popen(line(*arguments, options=("--interval", "60")), stderr=subprocess.PIPE, text=True)
        wait_for(lambda: bool(first.requests))
    wait_for(Path("ended").exists)
    with process:
        while process.poll() is None:
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)  # Ctrl-C after the command: do not wait for the server
        err = process.stderr.read()
    (file,) = Path().glob("tallybook-unsent-*.ndjson")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"2 events could not be sent ({first.url} can't be reached: Connection refused)" in err
    assert f"tallybook send {file}" in err
    assert "could not be ended" in err
    monkeypatch.setenv("TALLYBOOK_URL", served.url)
    assert tallybook("send", file).out.startswith("accepted 2,")
    assert used(app, "cpu_seconds") >= Decimal("0.3")


@pytest.mark.parametrize(
    "options", ["--cpu-cores=nan", "--memory-gb=inf", "--storage-gb=1e999", "--interval=inf", "--interval=nan"]
)
def test_an_option_that_is_no_finite_number_is_refused_and_nothing_sent(meter, served, options):
    run = meter(*python("pass"), options=(options,))
    assert (run.returncode, run.stdout, served.requests) == (125, "", [])
