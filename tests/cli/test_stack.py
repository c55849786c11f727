"""One setting leads to the bundle: the name of its stack, or where its parts are."""

import json
from pathlib import Path

import pytest

from tests.cli.aws import STACK


@pytest.fixture
def nowhere(office, monkeypatch):
    """The house, with nothing in the environment that leads to its tables."""
    for name in ("CORE_TABLE", "USAGE_TABLE", "TALLYBOOK_STACK", "TALLYBOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    return office


COMMANDS = [
    ("accounts", "list"),
    ("users", "list", "acc-1"),
    ("keys", "list", "acc-1"),
    ("audit", "acc-1"),
    ("outbox", "list"),
    ("platform-keys", "create", "--name", "x", "--scope", "usage:write"),
    ("clock", "advance", "1h"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_without_the_setting_each_command_tells_what_is_missing(nowhere, tallybook, command):
    run = tallybook(*command, "--json")
    told = "tallybook: TALLYBOOK_STACK is not set; for the local bundle: source .local/env\n"
    assert (run.code, run.out, run.err) == (2, "", told)


def test_the_stack_tells_where_its_tables_are_and_is_asked_once(nowhere, stack, tallybook):
    member = nowhere.member()
    for _ in range(2):
        [account] = json.loads(tallybook("accounts", "list", "--json").out)["accounts"]
        assert account["account_id"] == member.subject
    assert stack.asked == [STACK]


def test_half_of_the_tables_is_as_good_as_none(nowhere, stack, tallybook, monkeypatch):
    monkeypatch.setenv("CORE_TABLE", "elsewhere")
    assert tallybook("accounts", "list").code == 0
    assert stack.asked == [STACK]


def test_with_its_tables_named_no_stack_is_asked(office, stack, tallybook):
    assert tallybook("accounts", "list").code == 0
    assert stack.asked == []


def test_a_stack_that_is_not_there_is_told_in_one_line(nowhere, stack, tallybook, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_STACK", "tallybook-elsewhere")
    run = tallybook("accounts", "list")
    told = "tallybook: There is no stack tallybook-elsewhere in this account and region (TALLYBOOK_STACK)\n"
    assert (run.code, run.out, run.err) == (1, "", told)


def test_a_stack_that_tells_too_little_is_named(nowhere, stack, tallybook):
    del stack.outputs["UsageTable"]
    run = tallybook("accounts", "list")
    assert (run.code, run.err) == (1, f"tallybook: The stack {STACK} has no output UsageTable: deploy it again\n")


def test_a_cloud_out_of_reach_is_one_line(nowhere, stack, tallybook, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:9")
    run = tallybook("accounts", "list")
    assert (run.code, run.out, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith("tallybook: AWS: Could not connect")


def test_the_stack_tells_where_usage_goes(app, served, stack, tallybook, monkeypatch):
    stack.outputs["ApiUrl"] = served.url
    monkeypatch.delenv("TALLYBOOK_URL")
    file = Path("usage.ndjson")
    file.write_text(json.dumps(app.event(app.member())))
    assert tallybook("send", file).out.startswith("accepted 1,")
