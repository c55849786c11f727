"""The command finds the bundle by the name of its stack, or by the names of its parts."""

import json
from pathlib import Path

import pytest

from tests.cli.aws import STACK


@pytest.fixture
def unconfigured_app(operator_app, monkeypatch):
    """The app, with nothing in the environment that names its tables."""
    for name in ("CORE_TABLE", "USAGE_TABLE", "TALLYBOOK_STACK", "TALLYBOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    return operator_app


COMMANDS = [
    ("accounts", "list"),
    ("users", "list", "acc-1"),
    ("keys", "list", "acc-1"),
    ("audit", "acc-1"),
    ("events", "show", "source", "id"),
    ("outbox", "list"),
    ("platform-keys", "create", "--name", "x", "--scope", "usage:write"),
    ("clock", "advance", "1h"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_without_a_stack_each_command_names_the_missing_setting(unconfigured_app, tallybook, command):
    run = tallybook(*command, "--json")
    error = "tallybook: TALLYBOOK_STACK is not set; for the local bundle: source .local/env\n"
    assert (run.code, run.result, run.err) == (2, "", error)


def test_the_tables_are_read_from_the_stacks_outputs_once(unconfigured_app, stack, tallybook):
    member = unconfigured_app.member()
    for _ in range(2):
        [account] = json.loads(tallybook("accounts", "list", "--json").out)["accounts"]
        assert account["account_id"] == member.subject
    assert stack.requested == [STACK]


def test_with_only_one_table_set_the_stack_is_read(unconfigured_app, stack, tallybook, monkeypatch):
    monkeypatch.setenv("CORE_TABLE", "elsewhere")
    assert tallybook("accounts", "list").code == 0
    assert stack.requested == [STACK]


def test_with_both_tables_set_the_stack_is_not_read(operator_app, stack, tallybook):
    assert tallybook("accounts", "list").code == 0
    assert stack.requested == []


def test_a_missing_stack_is_reported_in_one_line(unconfigured_app, stack, tallybook, monkeypatch):
    monkeypatch.setenv("TALLYBOOK_STACK", "tallybook-elsewhere")
    run = tallybook("accounts", "list")
    error = "tallybook: There is no stack tallybook-elsewhere in this account and region (TALLYBOOK_STACK)\n"
    assert (run.code, run.result, run.err) == (1, "", error)


def test_a_stack_without_an_output_is_reported(unconfigured_app, stack, tallybook):
    del stack.outputs["UsageTable"]
    run = tallybook("accounts", "list")
    assert (run.code, run.err) == (1, f"tallybook: The stack {STACK} has no output UsageTable: deploy it again\n")


def test_an_unreachable_aws_is_reported_in_one_line(unconfigured_app, stack, tallybook, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:9")
    run = tallybook("accounts", "list")
    assert (run.code, run.result, run.err.count("\n")) == (1, "", 1)
    assert run.err.startswith("tallybook: AWS: Could not connect")


def test_usage_is_sent_to_the_url_of_the_stacks_outputs(app, served, stack, tallybook, monkeypatch):
    stack.outputs["ApiUrl"] = served.url
    monkeypatch.delenv("TALLYBOOK_URL")
    file = Path("usage.ndjson")
    file.write_text(json.dumps(app.event(app.member())))
    assert tallybook("send", file).out.startswith("accepted 1,")
