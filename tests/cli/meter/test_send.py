"""A file of events is sent and reported by line, and can be sent again safely."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tallybook.cli.meter import api, backoff
from tests.support.call import Answer, call


@pytest.fixture(autouse=True)
def _short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "_FIRST", 0.02)
    monkeypatch.setattr(backoff, "_LONGEST", 0.05)
    monkeypatch.setattr(api, "RETRY_SECONDS", 0.4)


@pytest.fixture
def member(app: Any) -> Any:
    return app.member()


def write(*events: Any) -> Path:
    """Write one line for each item: text unchanged, anything else as JSON."""
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    file = Path("usage.ndjson")
    file.write_text("\n".join(lines))
    return file


def test_a_file_is_counted_once_and_sent_again_is_all_duplicates(app, member, served, tallybook):
    file = write(*(app.event(member, quantity="100000") for _ in range(3)))
    first, cost = tallybook("send", file), call("GET", "/v1/billing/current", key=member.api_key).json["data"]
    second, again = tallybook("send", file), call("GET", "/v1/billing/current", key=member.api_key).json["data"]
    assert (first.code, first.out) == (0, "accepted 3, duplicates 0, conflicts 0, rejected 0\n")
    assert first.err == "", "no progress bar without a terminal"
    assert (second.code, second.out) == (0, "accepted 0, duplicates 3, conflicts 0, rejected 0\n")
    assert cost["current_cost"] == again["current_cost"] == 4.2


def test_blank_lines_are_skipped_and_the_last_line_needs_no_end(app, member, served, tallybook):
    file = write("\ufeff" + json.dumps(app.event(member)), "", "  \r", app.event(member))
    assert tallybook("send", file).out.startswith("accepted 2,")


def test_a_line_that_is_not_json_is_rejected_alone_by_its_number(app, member, served, tallybook):
    file = write(app.event(member), "", "{not json", app.event(member), "[NaN")
    run = tallybook("send", file)
    assert run.code == 1
    assert run.out.splitlines() == [
        "accepted 2, duplicates 0, conflicts 0, rejected 2",
        "rejected: the line is not JSON (lines 3, 5)",
    ]


def test_a_line_with_a_key_that_stands_twice_is_not_sent_and_the_key_is_named(app, member, served, tallybook):
    twice = [json.dumps(app.event(member)).replace(name, f'{name}: "x", {name}', 1) for name in ('"id"', '"meter"')]
    run = tallybook("send", write(app.event(member), *twice))
    assert run.code == 1
    assert run.out.splitlines() == [
        "accepted 1, duplicates 0, conflicts 0, rejected 2",
        'rejected: the key "id" stands twice in one object (line 2)',
        'rejected: the key "meter" stands twice in one object (line 3)',
    ]


def test_a_value_that_cannot_be_is_not_sent_and_named_by_line_and_field(app, member, served, tallybook):
    texts = ["NaN", "-Infinity", "1e999", "1e999999999999999999999", "9" * 5000, r'"\ud800"']
    bad = [json.dumps(app.event(member, quantity="HERE")).replace('"HERE"', text) for text in texts]
    ignored = json.dumps(app.event(member) | {"notes": [{"n": "HERE"}]}).replace('"HERE"', "NaN")
    run = tallybook("send", write(app.event(member), *bad, ignored, r'{"\ud800": 1}', "Infinity", app.event(member)))
    assert run.code == 1
    assert run.out.splitlines() == [
        "accepted 2, duplicates 0, conflicts 0, rejected 9",
        "rejected: data.quantity has a value that can't be sent (lines 2, 3, 4, 5, 6, 7)",
        "rejected: notes[0].n has a value that can't be sent (line 8)",
        "rejected: the event has a value that can't be sent (lines 9, 10)",
    ]
    assert [len(json.loads(body)) for _, body in served.requests] == [2]


def test_rejected_events_are_listed_by_reason_and_line(app, member, served, tallybook):
    unknown_meter = [app.event(member, meter="heartbeats") for _ in range(22)]
    run = tallybook("send", write(app.event(member), app.event(member, quantity=-1), "[]", *unknown_meter))
    assert run.code == 1
    assert "accepted 1, duplicates 0, conflicts 0, rejected 24" in run.out
    assert "rejected: an event must be an object (line 3)" in run.out
    shown = ", ".join(str(number) for number in range(4, 24))
    words = 'unknown_meter: the catalog has no such meter: data.meter "heartbeats"'
    assert f"rejected: {words} (lines {shown} and 2 more)" in run.out


def test_other_content_under_one_identity_is_a_conflict(app, member, served, tallybook):
    event = app.event(member)
    tallybook("send", write(event))
    run = tallybook("send", write(event | {"data": {**event["data"], "quantity": 101}}))
    assert run.code == 1
    assert "conflicts 1" in run.out
    assert "conflict: the same source and id were counted with other content (line 1)" in run.out


def test_a_long_file_is_split_by_1000_events_and_1_mib(app, member, served, tallybook):
    wide = [app.event(member) | {"comment": "y" * 300_000} for _ in range(8)]
    many = ['{"specversion": "0"}'] * 2_100
    run = tallybook("send", write(*wide, *many))
    assert "accepted 8, duplicates 0, conflicts 0, rejected 2100" in run.out
    sizes = [(len(json.loads(body)), len(body)) for _, body in served.requests]
    assert sorted(events for events, _ in sizes) == [3, 3, 102, 1_000, 1_000]
    assert max(size for _, size in sizes) <= 1024 * 1024


def test_a_line_longer_than_a_request_is_rejected_alone(app, member, served, tallybook):
    long_line = json.dumps(app.event(member) | {"comment": "y" * 3_000_000})
    run = tallybook("send", write(long_line, app.event(member)))
    assert run.out.splitlines()[0] == "accepted 1, duplicates 0, conflicts 0, rejected 1"
    assert "rejected: the line is too long (line 1)" in run.out


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named(app, member, served, tallybook, status):
    served.instead = [Answer(status, {}, '{"success": false, "message": "No"}')]
    run = tallybook("send", write(app.event(member)))
    assert (run.code, run.err.startswith("tallybook: No: check TALLYBOOK_PLATFORM_KEY; ")) == (1, True)


def test_a_line_that_makes_its_batch_fail_is_found(app, member, served, tallybook):
    served.instead = [Answer(400, {}, '{"success": false, "message": "The body is not valid JSON"}')] * 3
    run = tallybook("send", write(app.event(member), *[app.event(member) for _ in range(3)]))
    assert run.out.splitlines() == [
        "accepted 3, duplicates 0, conflicts 0, rejected 1",
        "rejected: The body is not valid JSON (line 1)",
    ]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_request_to_a_busy_server_is_retried(app, member, served, tallybook, status):
    served.instead = [Answer(status, {}, "{}")] * 2
    assert tallybook("send", write(app.event(member))).out.startswith("accepted 1,")
    assert len(served.requests) == 3


def test_an_event_rejected_with_retry_is_sent_again(app, member, served, tallybook):
    file = write(app.event(member, id="first"), app.event(member, id="second"))
    results = [{"id": "first", "status": "accepted"}, {"id": "second", "status": "rejected", "reason": "retry"}]
    served.instead = [Answer(200, {}, json.dumps({"success": True, "data": {"results": results}}))]
    run = tallybook("send", file)
    assert run.code == 0
    assert run.out == "accepted 2, duplicates 0, conflicts 0, rejected 0\n"


def test_an_event_rejected_with_retry_for_too_long_is_rejected(app, member, served, tallybook):
    results = [{"id": "first", "status": "rejected", "reason": "retry"}]
    served.instead = [Answer(200, {}, json.dumps({"success": True, "data": {"results": results}}))] * 100
    run = tallybook("send", write(app.event(member)))
    assert run.code == 1
    assert "rejected: retry: the server could not count it in time: send it again (line 1)" in run.out


def test_an_unreachable_server_ends_it_with_one_line(app, member, served, tallybook, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_URL", "http://127.0.0.1:9")
    run = tallybook("send", write(app.event(member)))
    assert run.code == 1
    assert run.err == (
        "tallybook: http://127.0.0.1:9 can't be reached: Connection refused; not all events were sent. "
        "Send the file again: no event is counted twice\n"
    )


def test_an_invalid_key_ends_it_at_once(app, member, served, tallybook, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_PLATFORM_KEY", "pk-nothing")
    run = tallybook("send", write(app.event(member)))
    assert run.code == 1
    assert "A valid credential is required" in run.err
    assert len(served.requests) == 1


def test_events_are_read_from_standard_input(app, member, served, tallybook, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(json.dumps(app.event(member)).encode()))
    monkeypatch.setattr("sys.stdin", stream)
    assert tallybook("send", "-").out.startswith("accepted 1,")


def test_the_json_option_prints_json(app, member, served, tallybook):
    run = tallybook("send", "--json", write(app.event(member), "nonsense"))
    assert run.code == 1
    assert json.loads(run.out) == {
        "accepted": 1,
        "duplicates": 0,
        "conflicts": 0,
        "rejected": 1,
        "problems": [
            {
                "status": "rejected",
                "reason": "the line is not JSON",
                "message": "the line is not JSON",
                "values": [],
                "count": 1,
                "lines": [2],
            }
        ],
        "stopped": None,
    }


@pytest.mark.parametrize("name", ["TALLYBOOK_URL", "TALLYBOOK_PLATFORM_KEY"])
def test_a_missing_setting_is_reported_in_one_line(served, tallybook, monkeypatch, name):
    monkeypatch.delenv(name)
    run = tallybook("send", "usage.ndjson")
    assert (run.code, run.err) == (2, f"tallybook: {name} is not set; for the local bundle: source .local/env\n")


def test_an_invalid_url_is_reported_in_one_line(served, tallybook, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_URL", "localhost:8000")
    assert "must be an http or https address" in tallybook("send", "usage.ndjson").err


def test_a_missing_file_is_reported_in_one_line(served, tallybook):
    assert tallybook("send", "none.ndjson").err == "tallybook: none.ndjson: No such file or directory\n"
