"""`tallybook send` reads files as other systems write them, says what was refused and why, and ends at once."""

import gzip
import json
import os
import signal
import socket
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tallybook.domain.times import stamp

COUNTED = "accepted 2, duplicates 0, conflicts 0, rejected 0\n"


@pytest.fixture
def text(app, served):
    member = app.member()
    return "\n".join(json.dumps(app.event(member, session_id="é日"), ensure_ascii=False) for _ in range(2)) + "\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_another_system_is_read_and_named(text, tallybook, encoding, packed):
    content = text.replace("\n", "\r\n").encode(encoding)
    Path("usage.ndjson").write_bytes(gzip.compress(content) if packed else content)
    run = tallybook("send", "usage.ndjson")
    assert (run.code, run.out) == (0, COUNTED)
    assert ("gzip" in run.err, "UTF-16" in run.err) == (packed, "16" in encoding)


def test_gzip_is_read_from_standard_input(text, command):
    run = subprocess.run([*command, "send", "-"], input=gzip.compress(text.encode()), capture_output=True, check=False)
    assert (run.returncode, run.stdout.decode()) == (0, COUNTED)
    assert b"standard input is gzip" in run.stderr


@pytest.mark.parametrize(
    ("start", "name"),
    [(b"PK\x03\x04", "zip"), (b"BZh9", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "zstd")],
)
def test_a_format_that_is_not_read_is_named(served, tallybook, start, name):
    Path("usage").write_bytes(start + b"\0" * 100)
    run = tallybook("send", "usage")
    assert (run.code, run.out) == (1, "")
    assert name in run.err
    assert "convert it first" in run.err


@pytest.mark.parametrize("kept", [11, 60, -5])
def test_damaged_gzip_ends_it_with_one_line(text, tallybook, kept):
    Path("usage.gz").write_bytes(gzip.compress(text.encode() * 50)[:kept])
    run = tallybook("send", "usage.gz")
    assert run.code == 1
    assert "can't be read" in run.err.splitlines()[-1]


@pytest.mark.parametrize("content", [b"", b"\n \r\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_said(served, tallybook, content):
    Path("usage.ndjson").write_bytes(content)
    run = tallybook("send", "usage.ndjson")
    assert (run.code, run.out) == (0, "accepted 0, duplicates 0, conflicts 0, rejected 0\n")
    assert run.err.splitlines()[-1] == "tallybook: usage.ndjson is empty: it has no events"


def test_each_refusal_names_its_value_and_limit_in_words(app, served, tallybook):
    member = app.member()
    late, early = (stamp(app.clock.now() + timedelta(days=days)) for days in (2, -40))
    events = [
        app.event(member) | {"time": late},
        app.event(member) | {"time": early},
        app.event(member) | {"subject": "acc-nobody"},
        app.event(member, meter="container_minutes", sku="XXL"),
        app.event(member, quantity=-1),
        app.event(member) | {"type": "other"},
    ]
    Path("usage.ndjson").write_text("\n".join(map(json.dumps, events)))
    lines = tallybook("send", "usage.ndjson").out.splitlines()[1:]
    assert lines[:4] == [
        f'rejected: too_far_ahead: the time is more than 10 minutes ahead of the server\'s: time "{late}" (line 1)',
        f'rejected: too_old: the time is more than 35 days ago: time "{early}" (line 2)',
        'rejected: unknown_account: there is no such account: subject "acc-nobody" (line 3)',
        'rejected: unknown_sku: the meter has no price for this sku: data.sku "XXL" (line 4)',
    ]
    assert lines[4].startswith("rejected: data.quantity must be a number or a decimal string, above 0")
    assert lines[4].endswith(": data.quantity -1 (line 5)")
    assert lines[5] == 'rejected: type must be "tallybook.usage.v1": type "other" (line 6)'


def test_ctrl_c_ends_it_within_a_second_while_the_server_is_silent(text, command, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("TALLYBOOK_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        Path("usage.ndjson").write_text(text)
        process = subprocess.Popen([*command, "send", "usage.ndjson"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        silent.settimeout(20)
        connection, _ = silent.accept()
        with connection:
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            out, err = process.communicate(timeout=10)
            assert time.monotonic() - began < 1
    assert process.returncode == 130
    assert out == b"accepted 0, duplicates 0, conflicts 0, rejected 0\n"
    assert err.decode().splitlines() == [
        "tallybook: Interrupted; not all events were sent. Send the file again: no event is counted twice"
    ]


def test_requests_go_through_the_proxy_but_to_the_hosts_of_no_proxy(text, served, command):
    Path("usage.ndjson").write_text(text)
    proxied = {"http_proxy": f"{served.url.replace('http://', 'http://me:pw@')}", "NO_PROXY": "", "no_proxy": ""}
    url = {"TALLYBOOK_URL": "http://tallybook.invalid"}

    def send(**variables):
        return subprocess.run(
            [*command, "send", "usage.ndjson"], env=os.environ | variables, capture_output=True, text=True, check=False
        )

    assert send(**proxied, **url).stdout == COUNTED
    assert served.requests[-1][0] == "http://tallybook.invalid/v1/platform/events"
    assert send(http_proxy="http://127.0.0.1:9").returncode == 0, "NO_PROXY has the host"
    bad = send(**{**proxied, "http_proxy": "socks5://me:pw@127.0.0.1:9"}, **url)
    assert (bad.returncode, "pw" in bad.stderr, bad.stderr.count("\n")) == (2, False, 1)
    assert "HTTP_PROXY must be" in bad.stderr


def test_a_server_that_is_away_is_said_within_5_seconds(text, command, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_URL", "http://127.0.0.1:9")
    Path("usage.ndjson").write_text(text)
    began = time.monotonic()
    with subprocess.Popen([*command, "send", "usage.ndjson"], stderr=subprocess.PIPE, text=True) as process:
        line = process.stderr.readline()
        assert time.monotonic() - began < 5
        process.send_signal(signal.SIGINT)
    assert line == "tallybook: http://127.0.0.1:9 can't be reached: Connection refused; still trying\n"
